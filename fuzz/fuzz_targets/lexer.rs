//! Lexer and parsers: any bytes are a template and tokens that agree on the literals, or a refusal; never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostrakon_router::lexer::{SqlMode, Template, scan, tokenize};
use ostrakon_router::parse::{parse_command, parse_ddl};

fuzz_target!(|input: &[u8]| {
    let Some((flags, text)) = input.split_first() else { return };
    let mode = SqlMode {
        ansi_quotes: flags & 1 != 0,
        no_backslash_escapes: flags & 2 != 0,
        pipes_as_concat: flags & 4 != 0,
        ..SqlMode::default()
    };
    let mut template = Template::default();
    if scan(text, mode, &mut template).is_err() {
        return;
    }
    assert!(template.length <= text.len());
    for hole in &template.holes {
        assert!(hole.start <= hole.end && hole.end as usize <= text.len());
    }
    let statement = &text[..template.length];
    let Ok(tokens) = tokenize(statement, mode) else { return };
    for token in &tokens {
        if let Some(hole) = token.hole {
            assert_eq!(template.holes[hole as usize].start, token.start);
        }
    }
    let _ = parse_command(statement, &tokens, mode);
    let _ = parse_ddl(statement, &tokens, mode);
});
