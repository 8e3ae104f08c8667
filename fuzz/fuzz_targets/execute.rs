//! Binary values: parameters that decode encode to an execution that decodes to the same, rows and cells never panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostrakon_protocol::column::ColumnType;
use ostrakon_protocol::command::Command;
use ostrakon_protocol::convert::text_to_binary;
use ostrakon_protocol::row::{BinaryRow, TextRow};
use ostrakon_protocol::statement::{encode_execute, parse_execute};
use ostrakon_protocol::value::ValueType;

fuzz_target!(|input: (Vec<u8>, u8, Vec<(u8, bool)>, Vec<Option<Vec<u8>>>)| {
    let (bytes, count, types, long_data) = input;
    let mut types: Vec<_> =
        types.iter().map(|(column, sign)| ValueType::new(ColumnType(*column), *sign)).collect();
    if let Ok(cells) = BinaryRow::cells(&bytes, &types) {
        cells.flatten().flatten().for_each(|cell| drop(cell.value()));
    }
    for (cell, value_type) in TextRow::new(&bytes).flatten().flatten().zip(&types) {
        let _ = text_to_binary(cell, *value_type, &mut Vec::new());
    }
    let Ok(params) = parse_execute(&bytes, count.into(), &mut types, &long_data) else { return };
    let mut out = Vec::new();
    if encode_execute(&mut out, 1, &params).is_err() {
        return;
    }
    let Ok(Command::StmtExecute { rest, .. }) = Command::decode(&out) else { panic!("not an execution") };
    let again = parse_execute(rest, params.len(), &mut Vec::new(), &[]).expect("what was encoded decodes");
    assert_eq!(again.len(), params.len());
});
