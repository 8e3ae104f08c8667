//! Prepared statements: the answer to a prepare, and the parameters of an execution in both directions.

use crate::DecodeError;
use crate::column::ColumnType;
use crate::command::COM_STMT_EXECUTE;
use crate::lenenc::{Reader, write_lenenc_bytes};
use crate::row::{bit_is_set, bitmap_length, set_bit};
use crate::value::{BinaryValue, ValueType};

/// Bit of a parameter's type that says unsigned.
const UNSIGNED_FLAG: u8 = 0x80;

/// The first packet of the answer to COM_STMT_PREPARE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrepareOk {
    pub statement_id: u32,
    pub columns: u16,
    pub params: u16,
    pub warnings: u16,
}

impl PrepareOk {
    /// Decodes the payload.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        match reader.u8()? {
            0 => {}
            byte => return Err(DecodeError::UnexpectedHeader { what: "the answer to a prepare", byte }),
        }
        let (statement_id, columns, params) = (reader.u32()?, reader.u16()?, reader.u16()?);
        reader.bytes(1)?;
        // Servers before 5.0 end here.
        let warnings = if reader.is_empty() { 0 } else { reader.u16()? };
        Ok(Self { statement_id, columns, params, warnings })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(0);
        out.extend_from_slice(&self.statement_id.to_le_bytes());
        out.extend_from_slice(&self.columns.to_le_bytes());
        out.extend_from_slice(&self.params.to_le_bytes());
        out.push(0);
        out.extend_from_slice(&self.warnings.to_le_bytes());
    }
}

/// The value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamValue<'a> {
    Null,
    Value(BinaryValue<'a>),
    /// Sent before by COM_STMT_SEND_LONG_DATA.
    LongData(&'a [u8]),
}

/// Bytes of COM_STMT_EXECUTE before the parameters: the command, the statement's number, the flags, and 1 for one iteration.
const EXECUTE_HEADER: usize = 10;

/// One parameter of an execution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param<'a> {
    pub value_type: ValueType,
    pub value: ParamValue<'a>,
}

/// Decodes the parameters of COM_STMT_EXECUTE.
///
/// * `rest`: what follows the iteration count, [`Command::StmtExecute`](crate::command::Command::StmtExecute)'s `rest`.
/// * `param_count`: as the statement was prepared.
/// * `previous_types`: the statement's types. A client sends them with the first execution and may leave them out after
///   that; they are stored here when they come.
/// * `long_data`: by parameter, what COM_STMT_SEND_LONG_DATA brought; may be shorter than `param_count`. Such a parameter
///   has no value in the packet, and its NULL bit does not count.
pub fn parse_execute<'a>(
    rest: &'a [u8],
    param_count: usize,
    previous_types: &mut Vec<ValueType>,
    long_data: &'a [Option<Vec<u8>>],
) -> Result<Vec<Param<'a>>, DecodeError> {
    if param_count == 0 {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(rest);
    let nulls = reader.bytes(bitmap_length(param_count, 0))?;
    match reader.u8()? {
        0 if previous_types.len() == param_count => {}
        0 => return Err(DecodeError::MissingParameterTypes),
        1 => *previous_types = parse_types(&mut reader, param_count)?,
        _ => return Err(DecodeError::Malformed("flag of new parameter types")),
    }
    let parse = |(index, value_type): (usize, &ValueType)| {
        let value = match long_data.get(index) {
            Some(Some(data)) => ParamValue::LongData(data),
            _ if bit_is_set(nulls, index) || value_type.column_type == ColumnType::NULL => ParamValue::Null,
            _ => ParamValue::Value(BinaryValue::decode(value_type.read_raw(&mut reader)?, *value_type)?),
        };
        Ok(Param { value_type: *value_type, value })
    };
    previous_types.iter().enumerate().map(parse).collect()
}

fn parse_types(reader: &mut Reader, count: usize) -> Result<Vec<ValueType>, DecodeError> {
    let bytes = reader.bytes(2 * count)?;
    let parse = |pair: &[u8]| match *pair {
        [column, flags] => Ok(ValueType::new(ColumnType(column), flags & UNSIGNED_FLAG != 0)),
        _ => Err(DecodeError::Malformed("parameter types")),
    };
    bytes.chunks(2).map(parse).collect()
}

/// Appends the payload of COM_STMT_EXECUTE, command byte included, without a cursor. Types are always sent, so a backend's
/// statement needs no memory of them; long data goes inline. A value that is not of its type is an error, after which the
/// end of `out` is undefined.
pub fn encode_execute(out: &mut Vec<u8>, statement_id: u32, params: &[Param<'_>]) -> Result<(), DecodeError> {
    out.push(COM_STMT_EXECUTE);
    out.extend_from_slice(&statement_id.to_le_bytes());
    out.push(0);
    out.extend_from_slice(&1u32.to_le_bytes());
    if params.is_empty() {
        return Ok(());
    }
    let bitmap = out.len();
    out.resize(bitmap + bitmap_length(params.len(), 0), 0);
    out.push(1);
    for param in params {
        let value_type = wire_type(param);
        out.push(value_type.column_type.0);
        out.push(if value_type.unsigned { UNSIGNED_FLAG } else { 0 });
    }
    for (index, param) in params.iter().enumerate() {
        match param.value {
            ParamValue::Null => set_bit(out, bitmap, index),
            ParamValue::Value(value) => value.encode(param.value_type, out)?,
            ParamValue::LongData(data) => write_lenenc_bytes(out, data),
        }
    }
    Ok(())
}

/// The types of the parameters in a COM_STMT_EXECUTE that [`encode_execute`] wrote; none of a NULL.
pub fn execute_types(payload: &[u8], params: u16) -> impl Iterator<Item = Option<ValueType>> + Clone + '_ {
    let params = usize::from(params);
    let bitmap = payload.get(EXECUTE_HEADER..).unwrap_or_default();
    // Behind the bitmap a byte says that types come.
    let types = bitmap.get(bitmap_length(params, 0) + 1..).unwrap_or_default();
    (0..params).map(move |index| {
        let is_null = bitmap.get(index / 8).is_none_or(|byte| byte & (1 << (index % 8)) != 0);
        let pair = types.get(2 * index..2 * index + 2).filter(|_| !is_null)?;
        let &[column_type, flags] = pair else { return None };
        Some(ValueType::new(ColumnType(column_type), flags & UNSIGNED_FLAG != 0))
    })
}

/// Long data that was declared as a number would be read back as one: it is sent as the blob that it is.
fn wire_type(param: &Param) -> ValueType {
    match param.value {
        ParamValue::LongData(_) if !param.value_type.is_text() => {
            ValueType::new(ColumnType::LONG_BLOB, false)
        }
        _ => param.value_type,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::command::Command;
    use crate::value::tests::typed_value;

    /// What follows the iteration count of an encoded execution.
    fn rest_of(payload: &[u8]) -> &[u8] {
        match Command::decode(payload) {
            Ok(Command::StmtExecute { id: 7, flags: 0, iteration: 1, rest }) => rest,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn types_are_remembered_for_executions_that_leave_them_out() {
        let mut types = Vec::new();
        assert_eq!(parse_execute(b"\0\0\x05", 1, &mut types, &[]), Err(DecodeError::MissingParameterTypes));
        let first = parse_execute(b"\0\x01\x01\x80\xff", 1, &mut types, &[]).unwrap();
        assert_eq!(first[0].value, ParamValue::Value(BinaryValue::UInt(255)));
        let second = parse_execute(b"\0\0\x05", 1, &mut types, &[]).unwrap();
        assert_eq!(second[0].value, ParamValue::Value(BinaryValue::UInt(5)));
    }

    #[test]
    fn long_data_stands_for_the_value_and_its_null_bit() {
        let mut types = Vec::new();
        let long = [None, Some(b"blob".to_vec())];
        let packet = b"\x02\x01\x01\0\xfc\0\x09";
        let params = parse_execute(packet, 2, &mut types, &long).unwrap();
        assert_eq!(params[0].value, ParamValue::Value(BinaryValue::Int(9)));
        assert_eq!(params[1].value, ParamValue::LongData(b"blob"));
    }

    #[test]
    fn long_data_of_a_number_is_sent_as_a_blob() {
        let param =
            Param { value_type: ValueType::new(ColumnType::LONG, false), value: ParamValue::LongData(b"12") };
        let mut out = Vec::new();
        encode_execute(&mut out, 7, &[param]).unwrap();
        assert_eq!(rest_of(&out), b"\0\x01\xfb\0\x0212");
    }

    #[test]
    fn a_statement_without_parameters_ends_after_the_iteration_count() {
        let mut out = Vec::new();
        encode_execute(&mut out, 7, &[]).unwrap();
        assert_eq!(rest_of(&out), b"");
        assert_eq!(parse_execute(b"", 0, &mut Vec::new(), &[]), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn executions_round_trip(values in vec((typed_value(), 0u8..3), 1..20)) {
            let params: Vec<_> = values.iter().map(|((value_type, value), kind)| Param {
                value_type: *value_type,
                value: if *kind == 0 { ParamValue::Null } else { ParamValue::Value(value.value()) },
            }).collect();
            let mut out = Vec::new();
            encode_execute(&mut out, 7, &params).unwrap();
            prop_assert_eq!(parse_execute(rest_of(&out), params.len(), &mut Vec::new(), &[]), Ok(params));
        }

        #[test]
        fn prepare_answers_round_trip(statement_id: u32, columns: u16, params: u16, warnings: u16) {
            let answer = PrepareOk { statement_id, columns, params, warnings };
            let mut out = Vec::new();
            answer.encode(&mut out);
            prop_assert_eq!(PrepareOk::decode(&out), Ok(answer));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..80), count in 0usize..40) {
            let mut types = vec![ValueType::new(ColumnType::VAR_STRING, false); 3];
            let _ = parse_execute(&bytes, count, &mut types, &[Some(vec![1])]);
            let _ = PrepareOk::decode(&bytes);
        }
    }
}
