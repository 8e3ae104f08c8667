//! Accounts in statements: `'name'@'host'`, how they prove themselves, and what else is said of them.

use ostrakon_catalog::user::{ANYWHERE, AccountName};

use super::administration::{AccountOptions, AccountSpec, Given, Identified, Secret, Whom};
use super::cursor::Cursor;
use crate::RouterError;
use crate::lexer::{TokenKind, decode_identifier, decode_string};

/// Longest name of an account, in characters (MariaDB's limit; MySQL's is 32).
const NAME_CHARS_MAX: usize = 80;
/// Longest host, in characters.
const HOST_CHARS_MAX: usize = 255;

/// `name`, `'name'@'host'`, `CURRENT_USER`.
pub(super) fn whom(c: &mut Cursor<'_>) -> Result<Whom, RouterError> {
    if c.accept("CURRENT_USER") {
        if c.accept_op("(") {
            c.expect_op(")")?;
        }
        return Ok(Whom::Current);
    }
    account_name(c).map(Whom::Named)
}

/// `name`, `'name'@'host'`. Without a host: all hosts.
pub(super) fn account_name(c: &mut Cursor<'_>) -> Result<AccountName, RouterError> {
    let name = c.name_or_string()?;
    check_length(&name, NAME_CHARS_MAX, "user name")?;
    let host = host(c)?.unwrap_or_else(|| ANYWHERE.to_owned());
    check_length(&host, HOST_CHARS_MAX, "host name")?;
    // Names of hosts have no case.
    let host = if host.is_empty() { ANYWHERE.to_owned() } else { host.to_ascii_lowercase() };
    Ok(AccountName { name, host })
}

fn host(c: &mut Cursor<'_>) -> Result<Option<String>, RouterError> {
    if c.peek().kind == TokenKind::UserVariable {
        let token = c.advance();
        let raw = c.bytes(token).get(1..).unwrap_or_default();
        return Ok(Some(match raw.first() {
            Some(b'`') => decode_identifier(raw).into_owned(),
            Some(b'\'' | b'"') => String::from_utf8_lossy(&decode_string(raw, c.mode())).into_owned(),
            _ => String::from_utf8_lossy(raw).into_owned(),
        }));
    }
    if !c.accept_op("@") {
        return Ok(None);
    }
    // With a space after it, or `@%`, which is no name.
    if c.accept_op("%") { Ok(Some(ANYWHERE.to_owned())) } else { c.name_or_string().map(Some) }
}

fn check_length(text: &str, limit: usize, what: &str) -> Result<(), RouterError> {
    if text.chars().count() > limit || text.contains('\0') {
        let message = format!("String '{text}' is too long for {what} (should be no longer than {limit})");
        return Err(RouterError::new(1470, "HY000", message));
    }
    Ok(())
}

/// Accounts, each with how it proves itself, between commas.
pub(super) fn specs(c: &mut Cursor<'_>) -> Result<Vec<AccountSpec>, RouterError> {
    let mut specs = Vec::new();
    loop {
        let whom = whom(c)?;
        let identified = if c.accept("IDENTIFIED") { Some(identified(c)?) } else { None };
        specs.push(AccountSpec { whom, identified });
        if !c.accept_op(",") {
            return Ok(specs);
        }
    }
}

/// What follows IDENTIFIED: `BY 'p'`, `BY PASSWORD 'hash'`, `{WITH | VIA} plugin [BY 'p' | {AS | USING} 'hash' | USING PASSWORD('p')]`.
fn identified(c: &mut Cursor<'_>) -> Result<Identified, RouterError> {
    let mut plugin = None;
    if c.accept_any(&["WITH", "VIA"]) {
        plugin = Some(c.name_or_string()?.to_ascii_lowercase());
        if c.accept_any(&["AS", "USING"]) {
            let given = match c.accept("PASSWORD") {
                true => Given::Password(in_parentheses(c)?),
                false => Given::Hash(hash(c)?),
            };
            no_alternative(c)?;
            return Ok(Identified { plugin, given });
        }
        if !c.is("BY") {
            return Err(RouterError::not_supported("an account without a password; say BY '...'"));
        }
    }
    c.expect("BY")?;
    let given = if c.accept("PASSWORD") {
        Given::Hash(hash(c)?)
    } else if c.is("RANDOM") {
        return Err(RouterError::not_supported("a random password"));
    } else {
        Given::Password(Secret(c.string()?))
    };
    if c.is("REPLACE") || c.are(&["RETAIN", "CURRENT"]) {
        return Err(RouterError::not_supported("REPLACE and RETAIN CURRENT PASSWORD"));
    }
    no_alternative(c)?;
    Ok(Identified { plugin, given })
}

fn no_alternative(c: &Cursor<'_>) -> Result<(), RouterError> {
    match c.is_any(&["OR", "AND"]) {
        true => Err(RouterError::not_supported("several ways to log in to one account")),
        false => Ok(()),
    }
}

/// `('...')`
fn in_parentheses(c: &mut Cursor<'_>) -> Result<Secret, RouterError> {
    c.expect_op("(")?;
    let text = c.string()?;
    c.expect_op(")")?;
    Ok(Secret(text))
}

/// A string, or its bytes as a hexadecimal literal, as MySQL prints it.
fn hash(c: &mut Cursor<'_>) -> Result<Secret, RouterError> {
    if c.peek().kind != TokenKind::Hex {
        return c.string().map(Secret);
    }
    let before = *c;
    let raw = String::from_utf8_lossy(c.bytes(c.peek())).into_owned();
    c.advance();
    let digits = raw.strip_prefix("0x").or_else(|| raw.strip_prefix("0X")).map(str::to_owned);
    let digits = digits.unwrap_or_else(|| raw.trim_start_matches(['x', 'X']).trim_matches('\'').to_owned());
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = pairs.map(|pair| byte(pair).filter(|_| pair.len() == 2)).collect();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.map(Secret).ok_or_else(|| before.error())
}

/// REQUIRE, WITH, ACCOUNT and PASSWORD clauses, as far as they go. `WITH GRANT OPTION` sets `grants`, where there may be one.
pub(super) fn options(
    c: &mut Cursor<'_>,
    mut grants: Option<&mut bool>,
) -> Result<AccountOptions, RouterError> {
    let mut options = AccountOptions::default();
    loop {
        if c.accept("REQUIRE") {
            options.requires_tls = Some(require(c)?);
        } else if c.accept("WITH") {
            limits(c, &mut options, grants.as_deref_mut())?;
        } else if c.accept_all(&["ACCOUNT", "LOCK"]) {
            options.locked = Some(true);
        } else if c.accept_all(&["ACCOUNT", "UNLOCK"]) {
            options.locked = Some(false);
        } else if c.accept("PASSWORD") {
            password_option(c)?;
        } else if c.is_any(&["COMMENT", "ATTRIBUTE"]) {
            return Err(RouterError::not_supported("COMMENT and ATTRIBUTE of an account"));
        } else if c.accept_all(&["DEFAULT", "ROLE"]) {
            if !c.accept("NONE") {
                return Err(RouterError::not_supported("roles"));
            }
        } else if c.is_any(&["FAILED_LOGIN_ATTEMPTS", "PASSWORD_LOCK_TIME"]) {
            c.advance();
            nothing(c, "FAILED_LOGIN_ATTEMPTS and PASSWORD_LOCK_TIME")?;
        } else {
            return Ok(options);
        }
    }
}

/// What follows REQUIRE: true for SSL.
fn require(c: &mut Cursor<'_>) -> Result<bool, RouterError> {
    if c.accept("NONE") {
        return Ok(false);
    }
    if c.accept("SSL") {
        return Ok(true);
    }
    match c.is_any(&["X509", "SUBJECT", "ISSUER", "CIPHER"]) {
        true => Err(RouterError::not_supported(
            "REQUIRE X509, SUBJECT, ISSUER and CIPHER: client certificates are not asked for; REQUIRE SSL wants TLS",
        )),
        false => Err(c.error()),
    }
}

/// What follows WITH.
fn limits(
    c: &mut Cursor<'_>,
    options: &mut AccountOptions,
    mut grants: Option<&mut bool>,
) -> Result<(), RouterError> {
    const BY_HOUR: [&str; 4] =
        ["MAX_QUERIES_PER_HOUR", "MAX_UPDATES_PER_HOUR", "MAX_CONNECTIONS_PER_HOUR", "MAX_STATEMENT_TIME"];
    let before = *c;
    let mut any = false;
    loop {
        if let (Some(grants), true) = (grants.as_deref_mut(), c.are(&["GRANT", "OPTION"])) {
            c.accept_all(&["GRANT", "OPTION"]);
            *grants = true;
        } else if c.accept("MAX_USER_CONNECTIONS") {
            options.max_connections = Some(c.small()?);
        } else if let Some(word) = BY_HOUR.iter().find(|word| c.is(word)) {
            c.advance();
            nothing(c, word)?;
        } else {
            return if any { Ok(()) } else { Err(before.error()) };
        }
        any = true;
    }
}

/// A limit that is not there: 0, which means none, is what it says already.
fn nothing(c: &mut Cursor<'_>, what: &str) -> Result<(), RouterError> {
    let is_zero = matches!(c.bytes(c.peek()), b"0" | b"0.000000");
    c.advance();
    match is_zero {
        true => Ok(()),
        false => Err(RouterError::not_supported(format_args!("{what} of an account other than 0"))),
    }
}

/// What follows PASSWORD in the options: what MySQL prints of every account is how things are here.
fn password_option(c: &mut Cursor<'_>) -> Result<(), RouterError> {
    const AS_IT_IS: [&[&str]; 7] = [
        &["EXPIRE", "DEFAULT"],
        &["EXPIRE", "NEVER"],
        &["HISTORY", "DEFAULT"],
        &["REUSE", "INTERVAL", "DEFAULT"],
        &["REQUIRE", "CURRENT", "DEFAULT"],
        &["REQUIRE", "CURRENT", "OPTIONAL"],
        &["UNBOUNDED"],
    ];
    match AS_IT_IS.iter().any(|words| c.accept_all(words)) {
        true => Ok(()),
        false => Err(RouterError::not_supported(
            "PASSWORD EXPIRE, HISTORY, REUSE INTERVAL and REQUIRE CURRENT: passwords do not expire here, and old ones are not kept",
        )),
    }
}
