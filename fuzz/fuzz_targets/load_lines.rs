//! A client's file of LOAD DATA: the same lines and fields in whatever pieces it comes, each byte in one line, and a change of what is in a line changes no other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostrakon_router::plan::{Format, Found, Line};

fuzz_target!(|input: (Vec<u8>, [u8; 4], Option<u8>, Option<u8>, bool, u8)| {
    let (file, separators, enclosed, escaped, utf8, wanted) = input;
    let [field, line, second, prefix] = separators.map(|byte| byte & 0x7F);
    let format = Format {
        fields: vec![field],
        enclosed: enclosed.map(|byte| byte & 0x7F),
        escaped: escaped.map(|byte| byte & 0x7F),
        starting: if prefix & 1 == 0 { Vec::new() } else { vec![prefix] },
        lines: if second & 1 == 0 { vec![line] } else { vec![line, second] },
        utf8,
    };
    let wanted = usize::from(wanted % 5) + 1;
    let (mut whole, mut part) = (Line::default(), Line::default());
    let mut at = 0;
    while let Some(rest) = file.get(at..) {
        let Ok(Found::Line) = format.cut(rest, wanted, true, &mut whole) else { break };
        assert!(whole.length > 0 && whole.length <= rest.len() && whole.start <= whole.length);
        assert!(whole.fields.len() <= wanted);
        for field in &whole.fields {
            assert!(field.raw.start <= field.raw.end && field.raw.end <= whole.length);
        }
        // Cut where less has come: more is asked for, or the same line is there.
        let some = rest.len() * usize::from(rest[0]) / 256;
        match format.cut(&rest[..some], wanted, false, &mut part) {
            Ok(Found::Line) => assert!(part.length == whole.length && part.fields == whole.fields),
            Ok(Found::More) => {}
            found => panic!("{found:?} where a line is"),
        }
        at += whole.length;
    }
});
