//! A fold's bytes, as the catalog keeps them: format number, collation name, runs in variable-length integers.

use super::{CollationFold, Run, Target};
use crate::RouterError;

const FORMAT: u8 = 1;

const OFFSET: u32 = 0;
const CONSTANT: u32 = 1;
const NOTHING: u32 = 2;
const EXPANSION: u32 = 3;

impl CollationFold {
    /// The fold as bytes; a few kilobytes to some tens of them.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        put(&mut out, self.collation.len() as u32);
        out.extend_from_slice(self.collation.as_bytes());
        put(&mut out, self.runs.len() as u32);
        let mut end = 0;
        for run in &self.runs {
            put(&mut out, run.start - end);
            put(&mut out, run.length);
            end = run.start + run.length;
            match &run.to {
                Target::Offset(by) => {
                    put(&mut out, OFFSET);
                    put(&mut out, zigzag(*by));
                }
                Target::Constant(target) => {
                    put(&mut out, CONSTANT);
                    put(&mut out, u32::from(*target));
                }
                Target::Nothing => put(&mut out, NOTHING),
                Target::Expansion(targets) => {
                    put(&mut out, EXPANSION);
                    put(&mut out, targets.len() as u32);
                    targets.iter().for_each(|target| put(&mut out, u32::from(*target)));
                }
            }
        }
        out
    }

    /// Reads what `encode` wrote.
    ///
    /// Errors: 1235 for bytes that are no fold.
    pub fn decode(bytes: &[u8]) -> Result<Self, RouterError> {
        read(bytes)
            .ok_or_else(|| RouterError::not_supported("a collation fold in the catalog cannot be read"))
    }
}

fn read(bytes: &[u8]) -> Option<CollationFold> {
    let (format, mut rest) = bytes.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let length = take(&mut rest)? as usize;
    let (name, after) = rest.split_at_checked(length)?;
    rest = after;
    let collation = std::str::from_utf8(name).ok()?.to_owned();
    let count = take(&mut rest)?;
    let mut runs = Vec::new();
    let mut end = 0_u32;
    for _ in 0..count {
        let start = end.checked_add(take(&mut rest)?)?;
        let length = take(&mut rest)?;
        end = start.checked_add(length)?;
        let to = match take(&mut rest)? {
            OFFSET => Target::Offset(unzigzag(take(&mut rest)?)),
            CONSTANT => Target::Constant(char::from_u32(take(&mut rest)?)?),
            NOTHING => Target::Nothing,
            EXPANSION => {
                let count = take(&mut rest)?;
                let targets: Option<Vec<char>> =
                    (0..count).map(|_| char::from_u32(take(&mut rest)?)).collect();
                Target::Expansion(targets?.into())
            }
            _ => return None,
        };
        runs.push(Run { start, length, to });
    }
    rest.is_empty().then(|| CollationFold::from_runs(collation, runs))
}

fn zigzag(n: i32) -> u32 {
    ((n << 1) ^ (n >> 31)) as u32
}

fn unzigzag(n: u32) -> i32 {
    (n >> 1) as i32 ^ -((n & 1) as i32)
}

/// Seven bits in each byte, low ones first; the high bit says that more follow.
fn put(out: &mut Vec<u8>, mut n: u32) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn take(from: &mut &[u8]) -> Option<u32> {
    let mut n = 0_u32;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        let bits = u32::from(byte & 0x7F);
        n |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
        if byte & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> CollationFold {
        let run = |start, length, to| Run { start, length, to };
        let runs = vec![
            run(1, 3, Target::Nothing),
            run(0x61, 26, Target::Offset(-32)),
            run(0xDF, 1, Target::Expansion(Box::new(['S', 'S']))),
            run(0x1_0000, 0x10_0000, Target::Constant('\u{FFFD}')),
        ];
        CollationFold::from_runs("utf8mb4_test_ci".into(), runs)
    }

    #[test]
    fn encoding_round_trips() {
        assert_eq!(CollationFold::decode(&sample().encode()), Ok(sample()));
        assert_eq!(sample().fold("straße 😀"), "STRASSE \u{FFFD}");
    }

    #[test]
    fn cut_bytes_are_refused() {
        let bytes = sample().encode();
        for length in 0..bytes.len() {
            assert!(CollationFold::decode(&bytes[..length]).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(fold) = CollationFold::decode(&bytes) {
                fold.fold("any text ß");
            }
        }

        #[test]
        fn numbers_round_trip(n in any::<u32>(), signed in any::<i32>()) {
            let mut out = Vec::new();
            put(&mut out, n);
            prop_assert_eq!(take(&mut out.as_slice()), Some(n));
            prop_assert_eq!(unzigzag(zigzag(signed)), signed);
        }
    }
}
