//! HASH, UNI_HASH, RIGHT_SHIFT and RANGE_HASH of integers.

/// HASH: the value as a signed 64-bit number; BIGINT UNSIGNED wraps, so 2^64-1 acts as -1.
pub(super) fn hash(value: i128) -> u64 {
    (value as i64).unsigned_abs()
}

/// UNI_HASH is Java's `hashCode`: narrow types are their own hash, 64-bit ones mix their halves. So the same value in an INT and a BIGINT
/// column can lie on different shards.
pub(super) fn uni_hash(value: i128, wide: bool) -> u64 {
    let value = value as i64;
    if !wide {
        return value.unsigned_abs();
    }
    let mixed = (value ^ (value as u64 >> 32) as i64) as i32;
    u64::from(mixed.unsigned_abs())
}

/// RIGHT_SHIFT: arithmetic shift, by the low six bits of the count.
pub(super) fn right_shift(value: i128, shift: i64) -> u64 {
    ((value as i64) >> (shift & 63)).unsigned_abs()
}

/// RANGE_HASH: the last `tail` characters of the decimal text, its sign among them when the text is short. `None` above 2^63-1.
pub(super) fn tail(value: i128, tail: u32) -> Option<u64> {
    let digits = value.unsigned_abs();
    let kept = match 10_u128.checked_pow(tail) {
        Some(limit) => digits % limit,
        None => digits,
    };
    // With a sign in the tail the number is negative, down to -2^63.
    let signed = value < 0 && value.unsigned_abs().to_string().len() < tail as usize;
    let limit = i64::MAX as u128 + u128::from(signed);
    (kept <= limit).then_some(kept as u64)
}
