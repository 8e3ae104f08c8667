//! The one door to sqlparser: our tokens go in, our own tree comes out, and its tree stays behind this door.
//!
//! The parser gets tokens made from ours, not the text, so comments and version comments are settled, literals stay raw, and
//! every position is a byte offset. UPDATE and DELETE come in as the SELECT that reads the same rows.

mod call;
mod convert;
mod feed;

use std::ops::Range;

use sqlparser::parser::Parser;

use super::dialect::Grammar;
use super::tokens::Tokens;
use super::tree::Query;
use crate::lexer::SqlMode;
use feed::Feed;

/// Nesting that is still parsed; deeper statements are refused.
const DEPTH_MAX: usize = 120;

/// Operators in one statement (a join counts as 15 of them): the parser's tree of a chain of them is as deep as it is long, and it is freed by recursion.
const OPERATORS_MAX: usize = 3000;

/// One piece of what is parsed.
pub(crate) enum Part {
    /// The user's tokens.
    Tokens(Range<usize>),
    /// A word of ours.
    Word(&'static str),
    Comma,
}

/// Parses `parts`, one after the other, as a query.
///
/// Errors: the parser's message, for the 1235 of what cannot be analysed.
pub(crate) fn parse(tokens: &Tokens<'_>, parts: &[Part], mode: SqlMode) -> Result<Query, String> {
    let mut feed = Feed::new(tokens, mode);
    for part in parts {
        match part {
            Part::Tokens(range) => feed.push(range.clone())?,
            Part::Word(word) => feed.word(word),
            Part::Comma => feed.comma(),
        }
    }
    if feed.weight() > OPERATORS_MAX {
        return Err(format!("more than {OPERATORS_MAX} operators in one statement"));
    }
    let grammar = Grammar { high_not: mode.high_not_precedence };
    let mut parser =
        Parser::new(&grammar).with_recursion_limit(DEPTH_MAX).with_tokens_with_locations(feed.finish());
    let query = parser.parse_query().map_err(|error| error.to_string())?;
    let rest = parser.peek_token();
    if rest.token != sqlparser::tokenizer::Token::EOF {
        return Err(format!("unexpected {}", rest.token));
    }
    convert::query(&query)
}
