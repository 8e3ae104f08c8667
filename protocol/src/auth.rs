//! Authentication: the scrambles of two plugins, and a state machine for each side of the exchange.

pub mod caching_sha2;
pub mod client;
pub mod login_key;
pub mod native;
pub mod salted;
pub mod server;

/// Bytes of the salt that every scramble is made with.
pub const SALT_LENGTH: usize = 20;

/// The authentication plugins that this crate speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plugin {
    /// mysql_native_password: MariaDB's default, gone from MySQL 9.
    Native,
    /// caching_sha2_password: MySQL's default since 8.0.
    CachingSha2,
}

impl Plugin {
    /// The plugin's name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::CachingSha2 => "caching_sha2_password",
        }
    }

    /// The plugin of that name; None for one that this crate does not speak.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "mysql_native_password" => Some(Self::Native),
            "caching_sha2_password" => Some(Self::CachingSha2),
            _ => None,
        }
    }

    /// The client's proof that it knows `password`, for a salt. Empty for an empty password.
    pub fn scramble(self, password: &[u8], salt: &[u8; SALT_LENGTH]) -> Vec<u8> {
        match self {
            _ if password.is_empty() => Vec::new(),
            Self::Native => native::scramble(password, salt).to_vec(),
            Self::CachingSha2 => caching_sha2::scramble(password, salt).to_vec(),
        }
    }
}

fn xor<const N: usize>(left: [u8; N], right: [u8; N]) -> [u8; N] {
    let mut mixed = left;
    mixed.iter_mut().zip(right).for_each(|(byte, other)| *byte ^= other);
    mixed
}
