//! `ostrakon-steps NAME COUNT`: calls one step of the hot path so often, after a first time that does not count. Without arguments it lists the steps. A test
//! runs this under callgrind: the difference of two counts is what the calls between them take.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut steps = ostrakon_bench::steps::all();
    let (Some(name), Some(count)) = (arguments.next(), arguments.next().and_then(|text| text.parse().ok()))
    else {
        steps.iter().for_each(|step| println!("{} {} {}", step.name, step.times, step.about));
        return ExitCode::SUCCESS;
    };
    let Some(step) = steps.iter_mut().find(|step| step.name == name) else {
        eprintln!("There is no step {name}");
        return ExitCode::FAILURE;
    };
    (step.call)();
    for _ in 0..count {
        (step.call)();
    }
    ExitCode::SUCCESS
}
