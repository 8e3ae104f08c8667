//! What the client gets from the relay is, byte for byte, what a server with its own capabilities would have sent.

use proptest::prelude::*;

use super::*;
use crate::packet::{MAX_PAYLOAD, write_packet};
use crate::response_model::{End, Part, Peer, chain, definition, encode};
use crate::row::write_text_cell;

/// Sends `input` through a relay in pieces that end at `ends`, keeping what is not used, as a connection does.
///
/// Rows that are written from where they are make no difference.
fn relayed(relay: &mut Relay, input: &[u8], ends: &[usize], patch: StatusPatch) -> (Vec<u8>, usize) {
    let mut other = relay.clone();
    let (mut out, mut start) = (Vec::new(), 0);
    let (mut placed, mut placed_start) = (Vec::new(), 0);
    for end in ends.iter().copied().chain([input.len()]) {
        let piece = &input[start..end.max(start)];
        start += relay.push(piece, &mut NoRewrite, patch, &mut out).unwrap();
        let mut piece = input[placed_start..end.max(placed_start)].to_vec();
        let run = other.rows_in_place(&mut piece, patch, &mut placed);
        placed.extend_from_slice(&piece[..run]);
        placed_start += run + other.push(&piece[run..], &mut NoRewrite, patch, &mut placed).unwrap();
    }
    assert_eq!((&out, start, relay.seen()), (&placed, placed_start, other.seen()));
    (out, start)
}

fn relay(kind: ResponseKind, backend: Peer, client: Peer, sequence: u8) -> Relay {
    Relay::new(kind, backend.capabilities(), client.deprecate_eof, client.session_track, sequence)
}

/// The bytes that the client should get.
fn expected(parts: &[Part], backend: Peer, client: Peer, sequence: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let rows_end_whole = backend.deprecate_eof;
    let parts: Vec<Part> = parts.iter().cloned().map(|part| untracked(part, backend.session_track)).collect();
    encode(&parts, Peer { rows_end_whole, ..client }, sequence, &mut out);
    out
}

/// A backend that does not track has no session state to give.
fn untracked(part: Part, tracks: bool) -> Part {
    let strip = |end: End| if tracks { end } else { End { state: Vec::new(), ..end } };
    match part {
        Part::Ok(end) => Part::Ok(strip(end)),
        Part::Rows(columns, rows, end) => Part::Rows(columns, rows, strip(end)),
        Part::Cursor(columns, end) => Part::Cursor(columns, strip(end)),
        error => error,
    }
}

fn four_combinations() -> impl Iterator<Item = (Peer, Peer)> {
    [(false, false), (false, true), (true, false), (true, true)]
        .into_iter()
        .map(|(backend, client)| (Peer::new(backend, true), Peer::new(client, true)))
}

fn two_results() -> Vec<Part> {
    let end = End {
        status: 2,
        warnings: 3,
        info: b"done".to_vec(),
        state: b"\x01\x02\x01t".to_vec(),
        ..End::default()
    };
    let rows = vec![b"\x011".to_vec(), b"\xfb".to_vec(), b"\x03abc".to_vec()];
    let ok = End { affected_rows: 300, last_insert_id: 7, ..end.clone() };
    vec![
        Part::Rows(vec!["a".into()], rows, end.clone()),
        Part::Ok(ok),
        Part::Rows(vec!["b".into()], vec![], end),
    ]
}

#[test]
fn every_combination_of_eof_survives_every_cut() {
    for (backend, client) in four_combinations() {
        let parts = two_results();
        let mut input = Vec::new();
        encode(&parts, backend, 1, &mut input);
        let wanted = expected(&parts, backend, client, 1);
        for cut in 0..=input.len() {
            let mut relay = relay(ResponseKind::Query, backend, client, 1);
            let (out, used) = relayed(&mut relay, &input, &[cut], StatusPatch::default());
            assert!(relay.finished() && used == input.len());
            assert_eq!(out, wanted, "cut at {cut}, {backend:?} to {client:?}");
        }
        let mut relay = relay(ResponseKind::Query, backend, client, 1);
        let every: Vec<usize> = (0..input.len()).collect();
        assert_eq!(relayed(&mut relay, &input, &every, StatusPatch::default()).0, wanted);
        let end = relay.seen().end.unwrap();
        assert_eq!((relay.seen().rows, relay.seen().columns), (3, 1));
        assert_eq!((end.had_rows, end.warnings), (true, 3));
    }
}

#[test]
fn a_row_above_sixteen_mebibytes_is_renumbered_and_whole() {
    let mut rows = vec![b"\x01a".to_vec()];
    for cell in [MAX_PAYLOAD - 4, MAX_PAYLOAD + 1] {
        let mut row = Vec::new();
        write_text_cell(&mut row, Some(&vec![9; cell]));
        rows.push(row);
    }
    rows.push(b"\x01z".to_vec());
    let parts = [Part::Rows(vec!["a".into()], rows, End::default())];
    for (backend, client) in four_combinations() {
        let mut input = Vec::new();
        encode(&parts, backend, 1, &mut input);
        let wanted = expected(&parts, backend, client, 200);
        let mut relay = relay(ResponseKind::Query, backend, client, 200);
        let cuts = [3, 50, MAX_PAYLOAD, MAX_PAYLOAD + 70, 2 * MAX_PAYLOAD + 80];
        let (out, _) = relayed(&mut relay, &input, &cuts, StatusPatch::default());
        assert!(out == wanted, "{backend:?} to {client:?}");
        assert_eq!(relay.seen().rows, 4);
    }
}

#[test]
fn definitions_and_errors_are_rewritten() {
    struct Logical;

    impl ColumnRewrite for Logical {
        fn rewrite(&mut self, definition: &ColumnDefinition<'_>, out: &mut Vec<u8>) -> bool {
            let changed = definition.name == b"a";
            if changed {
                ColumnDefinition { org_table: b"t", ..definition.clone() }.encode(out);
            } else {
                out.extend_from_slice(b"thrown away");
            }
            changed
        }

        fn rewrite_error(&mut self, error: &ErrPacket<'_>, out: &mut Vec<u8>) -> bool {
            ErrPacket { message: b"logical", ..error.clone() }.encode(out);
            true
        }
    }

    let peer = Peer::new(true, false);
    let parts =
        [Part::Rows(vec!["a".into(), "b".into()], vec![], End::default()), Part::Err(1146, "t_01".into())];
    let mut input = Vec::new();
    encode(&parts, peer, 1, &mut input);
    let mut relay = relay(ResponseKind::Query, peer, peer, 1);
    let mut out = Vec::new();
    relay.push(&input, &mut Logical, StatusPatch::default(), &mut out).unwrap();

    let (mut wanted, mut sequence) = (Vec::new(), 1);
    let mut payloads = [vec![2], Vec::new(), Vec::new(), b"\xfe\0\0\x08\0\0\0".to_vec(), Vec::new()];
    ColumnDefinition { org_table: b"t", ..definition("a") }.encode(&mut payloads[1]);
    definition("b").encode(&mut payloads[2]);
    ErrPacket { code: 1146, sqlstate: *b"42000", message: b"logical" }.encode(&mut payloads[4]);
    payloads.iter().for_each(|payload| write_packet(&mut wanted, &mut sequence, payload));
    assert_eq!(out, wanted);
    assert_eq!(relay.seen().error, Some(ErrorSeen { code: 1146, sqlstate: *b"42000" }));
    assert_eq!(relay.sequence(), sequence);
}

#[test]
fn the_caller_decides_numbers_that_it_knows_better() {
    let peer = Peer::new(true, false);
    let end = End { affected_rows: 2, last_insert_id: 5, ..End::default() };
    let mut input = Vec::new();
    encode(&[Part::Ok(end.clone())], peer, 1, &mut input);
    let mut relay = relay(ResponseKind::Query, peer, peer, 1);
    relay.overrides =
        Overrides { last_insert_id: Some(1 << 40), affected_rows: Some(9), ..Overrides::default() };
    let (out, _) = relayed(&mut relay, &input, &[], StatusPatch::default());
    let changed = End { affected_rows: 9, last_insert_id: 1 << 40, ..end };
    assert_eq!(out, expected(&[Part::Ok(changed)], peer, peer, 1));
    let seen = relay.seen().end.unwrap();
    assert_eq!((seen.affected_rows, seen.last_insert_id, seen.had_rows), (2, 5, false));
}

#[test]
fn the_answer_to_a_prepare_gets_the_clients_statement_id_and_eof_packets() {
    let answer = PrepareOk { statement_id: 3, columns: 1, params: 2, warnings: 0 };
    let bytes = |id: u32, deprecate: bool| {
        let mut payloads = vec![Vec::new(), Vec::new(), Vec::new()];
        PrepareOk { statement_id: id, ..answer }.encode(&mut payloads[0]);
        definition("?").encode(&mut payloads[1]);
        definition("?").encode(&mut payloads[2]);
        let mut column = Vec::new();
        definition("a").encode(&mut column);
        let eof = b"\xfe\0\0\x02\0".to_vec();
        match deprecate {
            true => payloads.push(column),
            false => payloads.extend([eof.clone(), column, eof]),
        }
        let (mut out, mut sequence) = (Vec::new(), 1);
        payloads.iter().for_each(|payload| write_packet(&mut out, &mut sequence, payload));
        out
    };
    for (backend, client) in four_combinations() {
        let mut relay = relay(ResponseKind::Prepare, backend, client, 1);
        relay.overrides.statement_id = Some(77);
        let patch = StatusPatch { clear: 0, set: Status::AUTOCOMMIT.0 };
        let (out, _) = relayed(&mut relay, &bytes(3, backend.deprecate_eof), &[], patch);
        assert!(relay.finished());
        assert_eq!(out, bytes(77, client.deprecate_eof), "{backend:?} to {client:?}");
        assert_eq!(relay.seen().prepared, Some(answer));
    }
}

#[test]
fn the_result_after_out_parameters_is_announced_to_every_client() {
    let mut column = Vec::new();
    definition("x").encode(&mut column);
    let payloads: [&[u8]; 6] =
        [b"\x01", &column, b"\xfe\0\0\x0a\x10", b"\0\0\x05\0\0\0", b"\xfe\0\0\x02\0", b"\0\0\0\x02\0\0\0"];
    let (mut input, mut sequence) = (Vec::new(), 1);
    payloads.iter().for_each(|payload| write_packet(&mut input, &mut sequence, payload));

    let client = Peer::new(true, false);
    let mut relay = relay(ResponseKind::Execute, Peer::new(false, false), client, 1);
    let (out, used) = relayed(&mut relay, &input, &[], StatusPatch::default());
    assert_eq!(used, input.len());
    let (mut wanted, mut sequence) = (Vec::new(), 1);
    let payloads: [&[u8]; 5] = [b"\x01", &column, payloads[3], b"\xfe\0\0\x0a\x10\0\0", payloads[5]];
    payloads.iter().for_each(|payload| write_packet(&mut wanted, &mut sequence, payload));
    assert_eq!(out, wanted);
}

#[test]
fn a_request_for_a_local_file_never_reaches_the_client() {
    let peer = Peer::new(true, false);
    let (mut input, mut sequence) = (Vec::new(), 1);
    write_packet(&mut input, &mut sequence, b"\xfb/etc/passwd");
    let mut out = Vec::new();
    let refused = relay(ResponseKind::Query, peer, peer, 1).push(
        &input,
        &mut NoRewrite,
        StatusPatch::default(),
        &mut out,
    );
    assert_eq!((refused, out), (Err(DecodeError::LocalInfile), Vec::new()));
}

#[test]
fn a_field_list_ends_as_the_client_expects() {
    for (backend, client) in four_combinations() {
        let bytes = |peer: Peer| {
            let end: &[u8] = if peer.deprecate_eof { b"\xfe\0\0\x02\0\0\0" } else { b"\xfe\0\0\x02\0" };
            let mut column = Vec::new();
            ColumnDefinition { trailer: b"\xfb", ..definition("a") }.encode(&mut column);
            let (mut out, mut sequence) = (Vec::new(), 1);
            [&column, end].iter().for_each(|payload| write_packet(&mut out, &mut sequence, payload));
            out
        };
        let mut relay = relay(ResponseKind::FieldList, backend, client, 1);
        assert_eq!(relayed(&mut relay, &bytes(backend), &[], StatusPatch::default()).0, bytes(client));
    }
}

proptest! {
    #[test]
    fn a_client_gets_what_its_own_server_would_send(
        (kind, parts) in chain(),
        flags: [bool; 4],
        sequence: u8,
        patch: (u16, u16),
        mut cuts in proptest::collection::vec(any::<usize>(), 0..6),
        tail in proptest::collection::vec(any::<u8>(), 0..6),
    ) {
        // Session state and chaining are the model's and the scanner's own; a patch is for the session's flags.
        let session = (Status::IN_TRANS | Status::AUTOCOMMIT | Status::IN_TRANS_READONLY | Status::NO_BACKSLASH_ESCAPES).0;
        let patch = StatusPatch { clear: patch.0 & session, set: patch.1 & session };
        let backend = Peer::new(flags[0], flags[1]);
        let client = Peer { patch, ..Peer::new(flags[2], flags[3]) };
        let mut input = Vec::new();
        encode(&parts, backend, 1, &mut input);
        let length = input.len();
        input.extend_from_slice(&tail);
        cuts.iter_mut().for_each(|cut| *cut %= input.len() + 1);
        cuts.sort_unstable();

        let mut relay = relay(kind, backend, client, sequence);
        let (out, used) = relayed(&mut relay, &input, &cuts, patch);
        prop_assert!(relay.finished());
        prop_assert_eq!(used, length);
        prop_assert_eq!(out, expected(&parts, backend, client, sequence));
    }

    #[test]
    fn arbitrary_backends_never_panic_and_only_whole_packets_go_out(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..16), 0..8),
        kind in 0usize..6,
        bits: u64,
        flags: [bool; 2],
    ) {
        use ResponseKind::{Execute, FieldList, Fetch, Prepare, Query, Simple};
        let (mut input, mut sequence) = (Vec::new(), 1);
        payloads.iter().for_each(|payload| write_packet(&mut input, &mut sequence, payload));
        let kind = [Query, Execute, Prepare, FieldList, Fetch, Simple][kind];
        let mut relay = Relay::new(kind, Capabilities(bits), flags[0], flags[1], 5);
        let mut out = Vec::new();
        let _ = relay.push(&input, &mut NoRewrite, StatusPatch::default(), &mut out);
        let (mut rest, mut number) = (out.as_slice(), 5u8);
        while let Some(header) = crate::packet::Header::parse(rest) {
            prop_assert_eq!(header.sequence, number);
            number = number.wrapping_add(1);
            rest = &rest[HEADER_LENGTH + header.length..];
        }
        prop_assert!(rest.is_empty());
    }
}
