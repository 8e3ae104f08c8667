//! What a query warns of is an error in a write of a strict mode that works it out itself.

use ostrakon_router::lexer::{SqlMode, Token, TokenKind, tokenize};
use ostrakon_router::value::Value;

use crate::error::SqlError;
use crate::session::dispatch::Input;
use crate::session::warnings::DEPRECATED;
use crate::session::{Failure, Session, Warning};

/// What a strict mode makes an error of, with its SQLSTATE: division by zero, values that a function cannot read, and what is cut or out of range
/// (MySQL's Strict_error_handler; MariaDB makes an error of every warning).
const STRICT_ERRORS: [(u16, &str); 11] = [
    (1365, "22012"),
    (1292, "22007"),
    (1264, "22003"),
    (1366, "22007"),
    (1690, "22003"),
    (1411, "HY000"),
    (1441, "22008"),
    (1260, "HY000"),
    (1265, "01000"),
    (1301, "HY000"),
    (3020, "2201E"),
];

const DIVISION_BY_ZERO: u16 = 1365;

/// What is said of a statement's text, and what MySQL says of sorting JSON: no strict mode makes an error of it.
const HARMLESS: [u16; 2] = [DEPRECATED, 1235];

impl Session {
    /// `before`: how many warnings there were before the query. `reading`: the statement, if its query reads rows of tables that it may warn of.
    /// `sorts`: MariaDB looks for its rows and sorts them before it is strict.
    ///
    /// Errors: what one server's write would fail with; 1235 where that is not certain.
    pub(super) async fn refuse_warnings(
        &mut self,
        before: usize,
        reading: Option<Input<'_>>,
        sorts: bool,
    ) -> Result<(), Failure> {
        let is_quiet = self.warnings.is_empty() && self.warnings.unplaced == 0;
        if is_quiet || !self.is_strict().await? {
            return Ok(());
        }
        if self.warnings.count() > self.warnings.iter().count() as u64 {
            return Err(SqlError::not_supported(
                "values that warn as rows are read before they are written, where it is not known of what (max_error_count is too low, or a server has \
                 listed only those of the last of several physical tables)",
            )
            .into());
        }
        let state = |warning: &Warning| STRICT_ERRORS.iter().find(|(code, _)| *code == warning.code);
        let counts = |warning: &&Warning| warning.level != "Note" && !HARMLESS.contains(&warning.code);
        let Some(warning) = self.warnings.iter().skip(before).find(counts) else {
            return match self.warnings.unplaced {
                0 => Ok(()),
                _ => Err(SqlError::not_supported(
                    "values that warn as rows are read before they are written, where it is not known of which rows (behind a LIMIT, or left out by a condition)",
                )
                .into()),
            };
        };
        let error = match state(warning) {
            _ if sorts => SqlError::not_supported(format!(
                "rows in an order, of which something warns: {}",
                warning.message
            )),
            _ if reading.is_some_and(|input| is_uncertain(warning, input, self.mode)) => {
                SqlError::not_supported(format!("a query that warns as it is planned: {}", warning.message))
            }
            Some((code, state)) => SqlError::new(*code, state, warning.message.clone()),
            None => SqlError::not_supported(format!("a value that warns: {}", warning.message)),
        };
        Err(error.into())
    }
}

/// Whether the value that the warning is about is a constant of the statement, or one that was put into a temporary table of the server's own, or of a
/// row that it need not look at: that hangs on its plan, and what it warns of before it has looked at a row is no error.
fn is_uncertain(warning: &Warning, input: Input<'_>, mode: SqlMode) -> bool {
    if warning.message.contains(" for column '") {
        return true;
    }
    let Ok(tokens) = tokenize(input.text, mode) else { return true };
    // How many rows a server looks at hangs on its plan.
    if tokens.iter().any(|token| is_word(token, input.text, &["LIMIT", "EXISTS"])) {
        return true;
    }
    if warning.code == DIVISION_BY_ZERO {
        return divides_by_constant(&tokens, input.text);
    }
    let Some((_, rest)) = warning.message.split_once(": '") else { return false };
    let Some(end) = rest.rfind('\'') else { return false };
    let value = rest.get(..end).unwrap_or_default().as_bytes();
    let quoted = [b"'", value, b"'"].concat();
    let double = [b"\"", value, b"\""].concat();
    let is_written = |literal: &[u8]| input.text.windows(literal.len()).any(|part| part == literal);
    let is_sent =
        |sent: &Value<'_>| matches!(sent, Value::Text(text) | Value::Bytes(text) if text[..] == *value);
    is_written(&quoted)
        || is_written(&double)
        || input.values.is_some_and(|values| values.iter().any(is_sent))
}

/// Whether the statement may divide by a zero that it gives itself: `/ 0`, `% 0.0`, `DIV ?`, `MOD(x, '')`.
fn divides_by_constant(tokens: &[Token], text: &[u8]) -> bool {
    let is_op = |token: &Token, ops: &[&str]| {
        token.kind == TokenKind::Op && ops.iter().any(|op| token.text(text) == op.as_bytes())
    };
    let calls = tokens.windows(2).any(|pair| is_word(&pair[0], text, &["MOD"]) && is_op(&pair[1], &["("]));
    let is_zero = |token: &Token| match token.kind {
        TokenKind::Parameter
        | TokenKind::String
        | TokenKind::UserVariable
        | TokenKind::Hex
        | TokenKind::Bit => true,
        TokenKind::Integer | TokenKind::Decimal | TokenKind::Float => {
            let digits = token.text(text).split(|byte| byte.eq_ignore_ascii_case(&b'e')).next();
            !digits.unwrap_or_default().iter().any(|digit| (b'1'..=b'9').contains(digit))
        }
        _ => false,
    };
    tokens.windows(3).any(|three| {
        let divides = is_op(&three[0], &["/", "%"])
            || is_word(&three[0], text, &["DIV", "MOD"])
            || calls && is_op(&three[0], &[","]);
        divides && is_zero(if is_op(&three[1], &["-", "+"]) { &three[2] } else { &three[1] })
    })
}

fn is_word(token: &Token, text: &[u8], words: &[&str]) -> bool {
    token.kind == TokenKind::Word
        && words.iter().any(|word| token.text(text).eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_of_the_statement_are_seen() {
        let divides = |text: &str| {
            divides_by_constant(&tokenize(text.as_bytes(), SqlMode::default()).unwrap(), text.as_bytes())
        };
        for text in ["SET a = b / 0", "a % 0.00 > 1", "a DIV -0", "a mod ?", "MOD(a, 0)", "a / '0'", "a/ .0"]
        {
            assert!(divides(text), "{text}");
        }
        for text in ["SET a = b / c", "a / 0.5", "a DIV 10", "COALESCE(a, 0) / b", "a / 7"] {
            assert!(!divides(text), "{text}");
        }
    }
}
