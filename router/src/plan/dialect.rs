//! MySQL's operator precedence for sqlparser: the stock dialect reads one random expression in ten wrongly.

use std::any::TypeId;

use sqlparser::ast::{CastKind, DataType, Expr, UnaryOperator};
use sqlparser::dialect::{Dialect, MySqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

const OR: u8 = 5;
const XOR: u8 = 7;
const AND: u8 = 10;
const NOT: u8 = 15;
/// `=`, `<`, IS: `bool_pri` of MySQL's grammar.
const COMPARISON: u8 = 20;
/// IN, BETWEEN, LIKE, REGEXP: `predicate`, whose operands are `bit_expr`.
const PREDICATE: u8 = 21;
const BIT_OR: u8 = 22;
const BIT_AND: u8 = 23;
const SHIFT: u8 = 24;
const ADD: u8 = 30;
const MULTIPLY: u8 = 40;
const BIT_XOR: u8 = 45;
/// Sign, `~`, `!`, BINARY and (with PIPES_AS_CONCAT) `||`: `simple_expr`.
const UNARY: u8 = 46;
const CONCAT: u8 = 47;
const BANG: u8 = 48;

/// The dialect; `high_not` is sql_mode HIGH_NOT_PRECEDENCE. PIPES_AS_CONCAT is settled before: `||` comes as OR or as a concatenation.
#[derive(Debug)]
pub(super) struct Grammar {
    pub high_not: bool,
}

const STOCK: MySqlDialect = MySqlDialect {};

impl Dialect for Grammar {
    /// The parser asks in places whether it is MySQL's: it is.
    fn dialect(&self) -> TypeId {
        TypeId::of::<MySqlDialect>()
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        match precedence {
            Precedence::Period => 100,
            Precedence::DoubleColon | Precedence::Colon | Precedence::AtTz | Precedence::PgOther => 50,
            Precedence::MulDivModOp => MULTIPLY,
            Precedence::PlusMinus => ADD,
            Precedence::Xor => XOR,
            Precedence::Ampersand => BIT_AND,
            Precedence::Caret => BIT_XOR,
            Precedence::Pipe => BIT_OR,
            Precedence::Between | Precedence::Like => PREDICATE,
            Precedence::Eq | Precedence::Is => COMPARISON,
            Precedence::UnaryNot => {
                if self.high_not {
                    BANG
                } else {
                    NOT
                }
            }
            Precedence::And => AND,
            Precedence::Or => OR,
        }
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        match &parser.peek_token_ref().token {
            Token::ShiftLeft | Token::ShiftRight => Some(Ok(SHIFT)),
            Token::StringConcat => Some(Ok(CONCAT)),
            _ => None,
        }
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let (op, precedence) = match &parser.peek_token_ref().token {
            Token::Minus => (UnaryOperator::Minus, UNARY),
            Token::Plus => (UnaryOperator::Plus, UNARY),
            Token::Tilde => (UnaryOperator::BitwiseNot, UNARY),
            Token::ExclamationMark => (UnaryOperator::BangNot, BANG),
            Token::Word(word) if word.keyword == Keyword::BINARY => {
                parser.next_token();
                return Some(parser.parse_subexpr(BANG).map(|expr| Expr::Cast {
                    kind: CastKind::Cast,
                    expr: Box::new(expr),
                    data_type: DataType::Binary(None),
                    format: None,
                }));
            }
            _ => return None,
        };
        parser.next_token();
        Some(parser.parse_subexpr(precedence).map(|expr| Expr::UnaryOp { op, expr: Box::new(expr) }))
    }

    fn parse_infix(
        &self,
        parser: &mut Parser,
        expr: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        STOCK.parse_infix(parser, expr, precedence)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        STOCK.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        STOCK.is_identifier_part(ch)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        STOCK.is_delimited_identifier_start(ch)
    }

    fn supports_string_literal_concatenation(&self) -> bool {
        true
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        true
    }

    fn require_interval_qualifier(&self) -> bool {
        true
    }

    fn supports_limit_comma(&self) -> bool {
        true
    }

    fn is_table_factor_alias(&self, explicit: bool, keyword: &Keyword, parser: &mut Parser) -> bool {
        STOCK.is_table_factor_alias(explicit, keyword, parser)
    }

    fn supports_match_against(&self) -> bool {
        true
    }

    fn supports_cross_join_constraint(&self) -> bool {
        true
    }

    fn supports_group_by_with_modifier(&self) -> bool {
        true
    }

    fn supports_data_type_signed_suffix(&self) -> bool {
        true
    }

    fn supports_left_associative_joins_without_parens(&self) -> bool {
        false
    }
}
