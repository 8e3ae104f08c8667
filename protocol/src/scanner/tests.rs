//! The scanner names every packet of a response, whatever pieces the bytes come in.

use proptest::prelude::*;

use super::*;
use crate::packet::write_packet;
use crate::response_model::{Part, Peer, chain, encode};

/// All events of a response that comes in pieces cut at `cuts`, with the bytes used.
fn events(kind: ResponseKind, flags: Capabilities, bytes: &[u8], cuts: &[usize]) -> (Vec<Event>, usize) {
    let mut scanner = ResponseScanner::new(kind, flags);
    let (mut seen, mut start) = (Vec::new(), 0);
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    ends.sort_unstable();
    ends.push(bytes.len());
    for end in ends {
        while !scanner.finished() && start <= end {
            match scanner.next(&bytes[start..end]) {
                Scan::Packet { length, event } => {
                    seen.push(event);
                    start += length;
                }
                Scan::NeedMore { at_least } => {
                    assert!(start + at_least > end);
                    break;
                }
                Scan::Broken(error) => panic!("{error} after {seen:?}"),
            }
        }
    }
    assert!(scanner.finished(), "not finished after {seen:?}");
    (seen, start)
}

fn packets(payloads: &[&[u8]]) -> Vec<u8> {
    let (mut out, mut sequence) = (Vec::new(), 1);
    payloads.iter().for_each(|payload| write_packet(&mut out, &mut sequence, payload));
    out
}

fn broken(kind: ResponseKind, payloads: &[&[u8]]) -> DecodeError {
    let bytes = packets(payloads);
    let mut scanner = ResponseScanner::new(kind, Capabilities::EMPTY);
    let mut start = 0;
    loop {
        match scanner.next(&bytes[start..]) {
            Scan::Packet { length, .. } => start += length,
            Scan::Broken(error) => return error,
            Scan::NeedMore { .. } => panic!("the response was taken"),
        }
    }
}

const EOF: &[u8] = &[0xFE, 0, 0, 2, 0];
const DEFINITION: &[u8] = b"\x03def";

#[test]
fn a_prepare_has_parameters_then_columns() {
    let answer = b"\0\x01\0\0\0\x01\0\x02\0\0\0\0";
    let ok = PrepareOk { statement_id: 1, columns: 1, params: 2, warnings: 0 };
    let with_eof = packets(&[answer, DEFINITION, DEFINITION, EOF, DEFINITION, EOF]);
    let expected = vec![
        Event::PrepareOk(ok),
        Event::ParamDef,
        Event::ParamDef,
        Event::ParamsEof,
        Event::Column,
        Event::ColumnsEof,
    ];
    assert_eq!(events(ResponseKind::Prepare, Capabilities::EMPTY, &with_eof, &[]).0, expected);
    let without = packets(&[answer, DEFINITION, DEFINITION, DEFINITION]);
    let expected = vec![Event::PrepareOk(ok), Event::ParamDef, Event::ParamDef, Event::Column];
    assert_eq!(events(ResponseKind::Prepare, Capabilities::DEPRECATE_EOF, &without, &[]).0, expected);
    let bare = packets(&[b"\0\x01\0\0\0\0\0\0\0\0\0\0"]);
    assert_eq!(events(ResponseKind::Prepare, Capabilities::EMPTY, &bare, &[]).0.len(), 1);
}

#[test]
fn a_field_list_ends_with_either_packet() {
    let fields = packets(&[DEFINITION, DEFINITION, EOF]);
    let expected = [Event::Column, Event::Column, Event::RowsEnd];
    assert_eq!(events(ResponseKind::FieldList, Capabilities::EMPTY, &fields, &[]).0, expected);
    let fields = packets(&[DEFINITION, DEFINITION, &[0xFE, 0, 0, 2, 0, 0, 0]]);
    assert_eq!(events(ResponseKind::FieldList, Capabilities::DEPRECATE_EOF, &fields, &[]).0, expected);
}

#[test]
fn a_fetch_is_rows_and_their_end() {
    let rows = packets(&[&[0, 0, 1], &[0, 0, 2], &[0xFE, 0, 0, 0x80, 0]]);
    let expected = [Event::Row, Event::Row, Event::RowsEnd];
    assert_eq!(events(ResponseKind::Fetch, Capabilities::EMPTY, &rows, &[]).0, expected);
}

#[test]
fn simple_commands_answer_with_one_packet() {
    for (payload, event) in
        [(&b"\0\0\0\x02\0\0\0"[..], Event::Ok), (EOF, Event::RowsEnd), (b"\xff\x10\x04x", Event::Err)]
    {
        assert_eq!(events(ResponseKind::Simple, Capabilities::EMPTY, &packets(&[payload]), &[]).0, [event]);
    }
}

#[test]
fn out_parameters_are_followed_by_another_result_though_only_their_first_eof_says_so() {
    // What MySQL 9.7 sends for CALL p(?) with an OUT parameter. MariaDB repeats the flags in the second EOF packet.
    let first: &[u8] = &[0xFE, 0, 0, 0x0A, 0x10];
    let ok: &[u8] = &[0, 0, 0, 2, 0, 0, 0];
    let bytes = packets(&[b"\x01", DEFINITION, first, &[0, 0, 5, 0, 0, 0], EOF, ok]);
    let expected =
        [Event::ColumnCount(1), Event::Column, Event::ColumnsEof, Event::Row, Event::RowsEnd, Event::Ok];
    assert_eq!(
        events(ResponseKind::Execute, Capabilities::EMPTY, &bytes, &[]),
        (expected.to_vec(), bytes.len())
    );
}

#[test]
fn a_request_for_a_local_file_is_named() {
    let bytes = packets(&[b"\xfb/etc/passwd"]);
    assert_eq!(events(ResponseKind::Query, Capabilities::EMPTY, &bytes, &[]).0, [Event::LocalInfile]);
}

#[test]
fn a_row_of_sixteen_mebibytes_that_starts_like_an_end_is_a_row() {
    let mut row = Vec::new();
    crate::row::write_text_cell(&mut row, Some(&vec![7; MAX_PAYLOAD + 1]));
    assert_eq!(row[0], EOF_HEADER);
    for flags in [Capabilities::EMPTY, Capabilities::DEPRECATE_EOF] {
        let deprecate = flags.contains(Capabilities::DEPRECATE_EOF);
        let eof: &[u8] = if deprecate { &[0xFE, 0, 0, 2, 0, 1, 0] } else { EOF };
        let mut payloads: Vec<&[u8]> = vec![b"\x01", DEFINITION];
        let mut expected = vec![Event::ColumnCount(1), Event::Column];
        if !deprecate {
            payloads.push(EOF);
            expected.push(Event::ColumnsEof);
        }
        payloads.extend([&row[..], b"\x01a", eof]);
        expected.extend([Event::Row, Event::Continuation, Event::Row, Event::RowsEnd]);
        let bytes = packets(&payloads);
        assert_eq!(events(ResponseKind::Query, flags, &bytes, &[]), (expected, bytes.len()));
    }
}

#[test]
fn a_row_of_just_sixteen_mebibytes_has_an_empty_continuation() {
    let mut row = Vec::new();
    crate::row::write_text_cell(&mut row, Some(&vec![7; MAX_PAYLOAD - 4]));
    assert_eq!(row.len(), MAX_PAYLOAD);
    let bytes = packets(&[b"\x01", DEFINITION, EOF, &row, b"\x01a", EOF]);
    let mut scanner = ResponseScanner::new(ResponseKind::Query, Capabilities::EMPTY);
    let mut start = 0;
    for _ in 0..3 {
        let Scan::Packet { length, .. } = scanner.next(&bytes[start..]) else { panic!("no packet") };
        start += length;
    }
    let run = scanner.rows(&bytes[start..]);
    assert_eq!((run.rows, run.packets, run.bytes), (2, 3, bytes.len() - start - 9));
}

#[test]
fn what_is_not_a_response_is_refused() {
    let rows: [&[u8]; 3] = [b"\x01", DEFINITION, EOF];
    assert_eq!(broken(ResponseKind::Query, &[b""]), DecodeError::Malformed("empty packet in a response"));
    assert_eq!(broken(ResponseKind::Query, &[b"\x01\x01"]), DecodeError::Malformed("column count"));
    assert_eq!(broken(ResponseKind::Query, &[b"\xfd\x01\0\x01"]), DecodeError::Malformed("column count"));
    assert!(matches!(broken(ResponseKind::Query, &[b"\0\0\0\x02"]), DecodeError::Truncated { .. }));
    assert!(matches!(
        broken(ResponseKind::Query, &[b"\x01", DEFINITION, b"\x01a"]),
        DecodeError::UnexpectedHeader { .. }
    ));
    assert!(matches!(broken(ResponseKind::Simple, &[b"\x01"]), DecodeError::UnexpectedHeader { .. }));
    assert!(matches!(broken(ResponseKind::Prepare, &[b"\x01"]), DecodeError::UnexpectedHeader { .. }));
    let text_row_in_execute = [rows[0], rows[1], rows[2], b"\x01a"];
    assert!(matches!(
        broken(ResponseKind::Execute, &text_row_in_execute),
        DecodeError::UnexpectedHeader { .. }
    ));
}

#[test]
fn an_empty_packet_among_rows_is_not_taken_for_a_row() {
    let bytes = packets(&[b"\x01", DEFINITION, EOF, b"", b"\x01a", EOF]);
    let mut scanner = ResponseScanner::new(ResponseKind::Query, Capabilities::EMPTY);
    let mut start = 0;
    for _ in 0..3 {
        let Scan::Packet { length, .. } = scanner.next(&bytes[start..]) else { panic!("no packet") };
        start += length;
    }
    assert_eq!(scanner.rows(&bytes[start..]), RowRun::default());
    assert!(matches!(scanner.next(&bytes[start..]), Scan::Broken(DecodeError::Malformed(_))));
}

#[test]
fn a_gap_in_the_numbering_is_refused() {
    let mut bytes = packets(&[b"\x01", DEFINITION]);
    bytes[8] = 9;
    let mut scanner = ResponseScanner::new(ResponseKind::Query, Capabilities::EMPTY);
    assert!(matches!(scanner.next(&bytes), Scan::Packet { length: 5, event: Event::ColumnCount(1) }));
    assert_eq!(scanner.next(&bytes[5..]), Scan::Broken(DecodeError::OutOfOrder { expected: 2, got: 9 }));
}

fn row_count(parts: &[Part]) -> u64 {
    parts.iter().map(|part| if let Part::Rows(_, rows, _) = part { rows.len() as u64 } else { 0 }).sum()
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        (kind, parts) in chain(),
        deprecate: bool,
        track: bool,
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
        tail in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let peer = Peer::new(deprecate, track);
        let mut bytes = Vec::new();
        encode(&parts, peer, 1, &mut bytes);
        let length = bytes.len();
        bytes.extend_from_slice(&tail);
        let whole = events(kind, peer.capabilities(), &bytes, &[]);
        prop_assert_eq!(whole.1, length);
        prop_assert_eq!(whole.0.iter().filter(|event| **event == Event::Row).count() as u64, row_count(&parts));
        prop_assert_eq!(events(kind, peer.capabilities(), &bytes, &cuts), whole);
    }

    #[test]
    fn runs_of_rows_are_those_that_single_steps_see((kind, parts) in chain(), deprecate: bool, cut: usize) {
        let peer = Peer::new(deprecate, false);
        let mut bytes = Vec::new();
        encode(&parts, peer, 1, &mut bytes);
        let mut scanner = ResponseScanner::new(kind, peer.capabilities());
        let (mut start, mut rows, mut end) = (0, 0, cut % (bytes.len() + 1));
        while !scanner.finished() {
            let run = scanner.rows(&bytes[start..end]);
            start += run.bytes;
            rows += run.rows;
            match scanner.next(&bytes[start..end]) {
                Scan::Packet { length, event } => {
                    prop_assert_ne!(event, Event::Row);
                    start += length;
                }
                Scan::NeedMore { .. } if end < bytes.len() => end = bytes.len(),
                Scan::NeedMore { .. } => prop_assert!(false, "the response does not end"),
                Scan::Broken(error) => prop_assert!(false, "{}", error),
            }
        }
        prop_assert_eq!((start, rows), (bytes.len(), row_count(&parts)));
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..16), 0..8),
        kind in 0usize..6,
        bits: u64,
    ) {
        use ResponseKind::{Execute, FieldList, Fetch, Prepare, Query, Simple};
        let bytes = packets(&payloads.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let mut scanner = ResponseScanner::new([Query, Execute, Prepare, FieldList, Fetch, Simple][kind], Capabilities(bits));
        let mut start = 0;
        while let Scan::Packet { length, .. } = scanner.next(&bytes[start..]) {
            start += length;
            start += scanner.rows(&bytes[start..]).bytes;
        }
        prop_assert!(start <= bytes.len());
    }
}
