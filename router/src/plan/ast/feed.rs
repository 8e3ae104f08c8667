//! Our tokens as sqlparser's: words that it must not take for keywords are made plain, clauses that it does not know are left out.

use std::ops::Range;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token as Out, TokenWithSpan, Word};

use crate::lexer::{SqlMode, TokenKind};
use crate::plan::tokens::Tokens;

/// Words that keep their meaning for the parser; every other word is a name, whatever other dialects make of it.
const WORDS: &[&str] = &[
    "AGAINST",
    "ALL",
    "AND",
    "ANY",
    "AS",
    "ASC",
    "BETWEEN",
    "BINARY",
    "BOOLEAN",
    "BY",
    "CASE",
    "CAST",
    "CHAR",
    "CHARACTER",
    "COLLATE",
    "CONVERT",
    "CROSS",
    "CURRENT",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "DATE",
    "DATETIME",
    "DAY",
    "DECIMAL",
    "DESC",
    "DISTINCT",
    "DIV",
    "DOUBLE",
    "ELSE",
    "END",
    "ESCAPE",
    "EXCEPT",
    "EXISTS",
    "EXPANSION",
    "EXTRACT",
    "FALSE",
    "FLOAT",
    "FOLLOWING",
    "FOR",
    "FROM",
    "GROUP",
    "HAVING",
    "HOUR",
    "IN",
    "INNER",
    "INT",
    "INTEGER",
    "INTERSECT",
    "INTERVAL",
    "IS",
    "JOIN",
    "JSON",
    "LANGUAGE",
    "LATERAL",
    "LEADING",
    "LEFT",
    "LIKE",
    "LIMIT",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "MATCH",
    "MEMBER",
    "MICROSECOND",
    "MINUTE",
    "MODE",
    "MONTH",
    "NATURAL",
    "NCHAR",
    "NOT",
    "NULL",
    "OF",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "POSITION",
    "PRECEDING",
    "QUARTER",
    "QUERY",
    "RANGE",
    "REAL",
    "RECURSIVE",
    "REGEXP",
    "RIGHT",
    "RLIKE",
    "ROLLUP",
    "ROW",
    "ROWS",
    "SECOND",
    "SELECT",
    "SEPARATOR",
    "SET",
    "SIGNED",
    "SOME",
    "STRAIGHT_JOIN",
    "SUBSTR",
    "SUBSTRING",
    "THEN",
    "TIME",
    "TIMESTAMP",
    "TRAILING",
    "TRIM",
    "BOTH",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "UNKNOWN",
    "UNSIGNED",
    "USING",
    "VALUES",
    "WEEK",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "XOR",
    "YEAR",
];

/// Words after SELECT that say how, not what.
const MODIFIERS: &[&str] = &[
    "HIGH_PRIORITY",
    "STRAIGHT_JOIN",
    "SQL_SMALL_RESULT",
    "SQL_BIG_RESULT",
    "SQL_BUFFER_RESULT",
    "SQL_NO_CACHE",
    "SQL_CACHE",
    "SQL_CALC_FOUND_ROWS",
];

/// Compound units of INTERVAL and EXTRACT, which the parser does not know: any unit will do in their place.
const UNITS: &[&str] = &[
    "YEAR_MONTH",
    "DAY_HOUR",
    "DAY_MINUTE",
    "DAY_SECOND",
    "DAY_MICROSECOND",
    "HOUR_MINUTE",
    "HOUR_SECOND",
    "HOUR_MICROSECOND",
    "MINUTE_SECOND",
    "MINUTE_MICROSECOND",
    "SECOND_MICROSECOND",
];

pub(super) struct Feed<'t, 'a> {
    tokens: &'t Tokens<'a>,
    mode: SqlMode,
    out: Vec<TokenWithSpan>,
    /// Closing parentheses of table lists that are open or were.
    lists: Vec<usize>,
    /// Closing parentheses that are left out.
    bare: Vec<usize>,
}

impl<'t, 'a> Feed<'t, 'a> {
    pub fn new(tokens: &'t Tokens<'a>, mode: SqlMode) -> Self {
        Self { tokens, mode, out: Vec::with_capacity(tokens.len() + 8), lists: Vec::new(), bare: Vec::new() }
    }

    pub fn finish(self) -> Vec<TokenWithSpan> {
        self.out
    }

    /// How deep the parser's tree can get, in operators: one for each between operands, more for joins and UNION, whose nodes are larger.
    pub fn weight(&self) -> usize {
        let weight = |token: &TokenWithSpan| match &token.token {
            Out::Word(word) => match word.keyword {
                Keyword::JOIN
                | Keyword::STRAIGHT_JOIN
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT => 15,
                Keyword::AND
                | Keyword::OR
                | Keyword::XOR
                | Keyword::DIV
                | Keyword::NOT
                | Keyword::IS
                | Keyword::IN => 1,
                Keyword::LIKE | Keyword::REGEXP | Keyword::RLIKE | Keyword::BETWEEN | Keyword::COLLATE => 1,
                _ => 0,
            },
            Out::Comma | Out::LParen | Out::RParen | Out::Period | Out::Number(..) => 0,
            Out::SingleQuotedString(_) | Out::HexStringLiteral(_) | Out::Placeholder(_) => 0,
            _ => 1,
        };
        self.out.iter().map(weight).sum()
    }

    pub fn word(&mut self, word: &str) {
        self.out.push(TokenWithSpan::new(Out::make_keyword(word), Span::empty()));
    }

    pub fn comma(&mut self) {
        self.out.push(TokenWithSpan::new(Out::Comma, Span::empty()));
    }

    pub fn push(&mut self, range: Range<usize>) -> Result<(), String> {
        let mut index = range.start;
        while index < range.end {
            let skipped = self.skip(index).max(self.skip_word(index));
            if skipped > 0 {
                index += skipped;
                continue;
            }
            if let Some(close) = self.first_query(index) {
                self.bare.push(close);
                index += 1;
                continue;
            }
            if self.bare.contains(&index) {
                index += 1;
                continue;
            }
            if self.is_national(index) {
                self.out.push(TokenWithSpan::new(Out::NationalStringLiteral("s".into()), self.span(index)));
                index += 2;
                continue;
            }
            if let Some(close) = self.table_list(index) {
                self.lists.push(close);
            }
            let token = self.token(index)?;
            self.out.push(TokenWithSpan::new(token, self.span(index)));
            index += 1;
            if self.tokens.is_word(index - 1, "SELECT") {
                index = self.modifiers(index);
            }
        }
        Ok(())
    }

    /// `N'text'`
    fn is_national(&self, index: usize) -> bool {
        self.tokens.is_word(index, "N")
            && self.tokens.kind(index + 1) == TokenKind::String
            && self.tokens.end(index) == self.tokens.start(index + 1)
    }

    /// For the inner `(` of `((SELECT ...) UNION ...)`, which the parser takes for an expression: the index of its `)`, if it means nothing.
    fn first_query(&self, index: usize) -> Option<usize> {
        const SET_OPERATIONS: &[&str] = &["UNION", "INTERSECT", "EXCEPT"];
        let tokens = self.tokens;
        let before = index.checked_sub(1)?;
        let is_first =
            tokens.is_op(before, "(") && tokens.is_op(index, "(") && tokens.is_word(index + 1, "SELECT");
        let close = if is_first { tokens.close(index) } else { return None };
        let binds = |at: usize| {
            tokens.is_any_word(at, &["UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "FOR", "LOCK"])
        };
        let is_plain = tokens.find(index + 1, close, binds) >= close;
        (is_plain && tokens.is_any_word(close + 1, SET_OPERATIONS)).then_some(close)
    }

    /// For the `(` of `FROM (a, b)` and `JOIN (a, b)`: the index of its `)`. The commas inside are cross joins.
    fn table_list(&self, index: usize) -> Option<usize> {
        let tokens = self.tokens;
        let before = index.checked_sub(1)?;
        let is_list = tokens.is_op(index, "(")
            && tokens.is_any_word(before, &["FROM", "JOIN", "STRAIGHT_JOIN"])
            && !tokens.is_any_word(index + 1, &["SELECT", "WITH", "VALUES", "TABLE"])
            && !tokens.is_op(index + 1, "(");
        is_list.then(|| tokens.close(index))
    }

    /// True for a comma that stands directly in such a list.
    fn is_cross_join(&self, index: usize) -> bool {
        let tokens = self.tokens;
        self.lists.iter().any(|close| {
            let mut depth = 0usize;
            for at in index..*close {
                if tokens.is_op(at, "(") {
                    depth += 1;
                } else if tokens.is_op(at, ")") {
                    match depth.checked_sub(1) {
                        Some(less) => depth = less,
                        None => return false,
                    }
                }
            }
            index < *close && depth == 0
        })
    }

    fn span(&self, index: usize) -> Span {
        let location = |at: usize| Location { line: 1, column: at as u64 + 1 };
        Span { start: location(self.tokens.start(index)), end: location(self.tokens.end(index)) }
    }

    /// Leaves out the words of `SELECT [DISTINCT] HIGH_PRIORITY ...`, keeps DISTINCT. Returns the index of the first item.
    fn modifiers(&mut self, mut index: usize) -> usize {
        loop {
            if self.tokens.is_any_word(index, MODIFIERS) || self.tokens.is_word(index, "ALL") {
                index += 1;
            } else if self.tokens.is_any_word(index, &["DISTINCT", "DISTINCTROW"]) {
                self.out.push(TokenWithSpan::new(Out::make_keyword("DISTINCT"), self.span(index)));
                index += 1;
            } else {
                return index;
            }
        }
    }

    /// How many tokens from `index` on are a clause that changes nothing here: locking clauses, index hints, FROM DUAL.
    fn skip(&self, index: usize) -> usize {
        let tokens = self.tokens;
        if tokens.are_words(index, &["LOCK", "IN", "SHARE", "MODE"]) {
            return 4 + self.wait_option(index + 4);
        }
        if tokens.is_word(index, "FOR") && tokens.is_any_word(index + 1, &["UPDATE", "SHARE"]) {
            let mut end = index + 2;
            if tokens.is_word(end, "OF") {
                end += 2;
                while tokens.is_op(end, ",") {
                    end += 2;
                }
            }
            return end + self.wait_option(end) - index;
        }
        if tokens.is_any_word(index, &["USE", "FORCE", "IGNORE"])
            && tokens.is_any_word(index + 1, &["INDEX", "KEY"])
        {
            let mut open = index + 2;
            while open < tokens.len() && tokens.is_any_word(open, &["FOR", "JOIN", "ORDER", "GROUP", "BY"]) {
                open += 1;
            }
            if tokens.is_op(open, "(") {
                return tokens.close(open) + 1 - index;
            }
        }
        if tokens.are_words(index, &["FROM", "DUAL"])
            && !tokens.is_op(index + 2, ".")
            && !tokens.is_op(index + 2, ",")
        {
            return 2;
        }
        0
    }

    /// Further words that change nothing here: SOUNDS before LIKE, the character set of a CAST.
    fn skip_word(&self, index: usize) -> usize {
        let tokens = self.tokens;
        if tokens.are_words(index, &["SOUNDS", "LIKE"]) {
            return 1;
        }
        let behind_type = index > 0 && (tokens.is_op(index - 1, ")") || tokens.is_word(index - 1, "CHAR"));
        if behind_type && tokens.are_words(index, &["CHARACTER", "SET"]) {
            return 3;
        }
        if behind_type && tokens.is_word(index, "CHARSET") {
            return 2;
        }
        0
    }

    fn wait_option(&self, index: usize) -> usize {
        if self.tokens.is_word(index, "NOWAIT") {
            1
        } else if self.tokens.are_words(index, &["SKIP", "LOCKED"]) || self.tokens.is_word(index, "WAIT") {
            2
        } else {
            0
        }
    }

    fn token(&self, index: usize) -> Result<Out, String> {
        let text = String::from_utf8_lossy(self.tokens.bytes(index));
        Ok(match self.tokens.kind(index) {
            TokenKind::Word => self.plain_word(index, &text),
            TokenKind::QuotedIdent => {
                let name = self.tokens.name(index).unwrap_or_default();
                Out::Word(Word { value: name, quote_style: Some('`'), keyword: Keyword::NoKeyword })
            }
            TokenKind::UserVariable | TokenKind::SystemVariable => {
                Out::Word(Word { value: text.into_owned(), quote_style: None, keyword: Keyword::NoKeyword })
            }
            TokenKind::String => Out::SingleQuotedString("s".into()),
            TokenKind::Integer | TokenKind::Decimal | TokenKind::Float => Out::Number("1".into(), false),
            TokenKind::Hex | TokenKind::Bit => Out::HexStringLiteral("00".into()),
            TokenKind::Parameter => Out::Placeholder("?".into()),
            TokenKind::Op if text == "," && self.is_cross_join(index) => Out::make_keyword("STRAIGHT_JOIN"),
            TokenKind::Op => self.operator(&text)?,
            TokenKind::End => Out::EOF,
        })
    }

    fn plain_word(&self, index: usize, text: &str) -> Out {
        if text == "\\N" {
            return Out::make_keyword("NULL");
        }
        let upper = text.to_ascii_uppercase();
        let after_dot = index > 0 && self.tokens.is_op(index - 1, ".");
        if upper == "MOD" && !after_dot && self.is_operand_end(index) {
            return Out::Mod;
        }
        if !after_dot && (upper.contains('_') && UNITS.contains(&upper.as_str())) {
            return Out::make_keyword("SECOND");
        }
        if upper == "DISTINCTROW" && !after_dot {
            return Out::make_keyword("DISTINCT");
        }
        if !after_dot && WORDS.contains(&upper.as_str()) {
            let Out::Word(word) = Out::make_keyword(&upper) else { return Out::make_keyword(&upper) };
            return Out::Word(Word { value: text.to_owned(), ..word });
        }
        Out::Word(Word { value: text.to_owned(), quote_style: None, keyword: Keyword::NoKeyword })
    }

    /// True when the token before `index` ends an operand, so that MOD is an operator and not the function.
    fn is_operand_end(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else { return false };
        match self.tokens.kind(before) {
            TokenKind::Op => self.tokens.is_op(before, ")"),
            TokenKind::Word => {
                let upper = String::from_utf8_lossy(self.tokens.bytes(before)).to_ascii_uppercase();
                (before > 0 && self.tokens.is_op(before - 1, ".")) || !WORDS.contains(&upper.as_str())
            }
            TokenKind::End => false,
            _ => true,
        }
    }

    fn operator(&self, text: &str) -> Result<Out, String> {
        Ok(match text {
            "(" => Out::LParen,
            ")" => Out::RParen,
            "," => Out::Comma,
            "." => Out::Period,
            "=" => Out::Eq,
            "<=>" => Out::Spaceship,
            "<>" | "!=" => Out::Neq,
            "<" => Out::Lt,
            "<=" => Out::LtEq,
            ">" => Out::Gt,
            ">=" => Out::GtEq,
            "+" => Out::Plus,
            "-" => Out::Minus,
            "*" => Out::Mul,
            "/" => Out::Div,
            "%" => Out::Mod,
            "&" => Out::Ampersand,
            "|" => Out::Pipe,
            "^" => Out::Caret,
            "~" => Out::Tilde,
            "!" => Out::ExclamationMark,
            "<<" => Out::ShiftLeft,
            ">>" => Out::ShiftRight,
            "&&" => Out::make_keyword("AND"),
            "||" if self.mode.pipes_as_concat => Out::StringConcat,
            "||" => Out::make_keyword("OR"),
            "->" => Out::Arrow,
            "->>" => Out::LongArrow,
            other => return Err(format!("'{other}'")),
        })
    }
}
