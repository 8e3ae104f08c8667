//! Functions that make a value of one class from values of others, where what a value is inside and what it shows are not the same.

use super::scope::{Generator, Scope};
use super::tree::{Tree, tree};
use super::types::Class;

impl Generator<'_> {
    /// A column of any of these classes, as text; or a literal of the first.
    fn one_of(&mut self, scope: &Scope, classes: &[Class]) -> Tree {
        match self.any_of(scope, classes) {
            Some(found) => found.into(),
            None => self.literal(classes[0]),
        }
    }

    fn any_of(&mut self, scope: &Scope, classes: &[Class]) -> Option<String> {
        self.column(scope, |class| classes.contains(&class)).map(|found| found.text)
    }

    fn text(&mut self, scope: &Scope) -> Tree {
        match self.column(scope, Class::is_text) {
            Some(found) => found.text.into(),
            None => self.literal(Class::Text("utf8mb4_general_ci")),
        }
    }

    /// A value of the class from others.
    pub fn odd(&mut self, scope: &Scope, class: Class, a: Tree) -> Tree {
        match class {
            Class::Int => self.odd_int(scope, a),
            Class::Decimal => self.odd_decimal(scope, a),
            Class::Double => match self.below(3) {
                0 => tree!["(", a, " + ", self.one_of(scope, &[Class::Int, Class::Decimal]), ")"],
                1 => tree!["ABS(", a, ")"],
                _ => tree!["(", a, " * ", self.one_of(scope, &[Class::Int]), ")"],
            },
            Class::Text(_) => self.odd_text(scope, a),
            Class::Date => match self.below(5) {
                0 => tree!["(", a, " + INTERVAL ", self.one_of(scope, &[Class::Int]), " MONTH)"],
                1 => tree!["STR_TO_DATE('2024-02-3', '%Y-%m-%d')"],
                2 => tree!["MAKEDATE(2024, ", self.one_of(scope, &[Class::Int]), ")"],
                3 => tree!["CAST(", self.one_of(scope, &[Class::Moment]), " AS DATE)"],
                _ => tree!["IFNULL(", a, ", DATE'2024-02-29')"],
            },
            Class::Moment => match self.below(5) {
                0 => tree!["CAST(", self.one_of(scope, &[Class::Date]), " AS DATETIME)"],
                1 => tree!["DATE_ADD(", a, ", INTERVAL ", self.one_of(scope, &[Class::Int]), " SECOND)"],
                2 => tree!["TIMESTAMP(", self.one_of(scope, &[Class::Date]), ", '10:00:00.5')"],
                3 => tree!["ADDTIME(", a, ", '01:00:00')"],
                _ => tree!["(", a, " - INTERVAL 0.25 SECOND)"],
            },
            Class::Time => match self.below(4) {
                0 => {
                    let (from, to) =
                        (self.one_of(scope, &[Class::Moment]), self.one_of(scope, &[Class::Moment]));
                    tree!["TIMEDIFF(", from, ", ", to, ")"]
                }
                1 => tree!["SEC_TO_TIME(", self.one_of(scope, &[Class::Int]), ")"],
                2 => tree!["ADDTIME(", a, ", '1:00:00')"],
                _ => tree!["CAST(", self.one_of(scope, &[Class::Moment]), " AS TIME)"],
            },
            _ => a,
        }
    }

    fn odd_int(&mut self, scope: &Scope, a: Tree) -> Tree {
        let text = self.text(scope);
        match self.below(20) {
            0 => tree!["(", a, " & 6)"],
            1 => tree!["(", a, " | 1)"],
            2 => tree!["BIT_COUNT(", a, ")"],
            3 => tree!["SIGN(", self.one_of(scope, &[Class::Decimal, Class::Double]), ")"],
            4 => tree!["FLOOR(", self.one_of(scope, &[Class::Decimal, Class::Double]), ")"],
            5 => tree!["CEILING(", self.quotient(scope), ")"],
            6 => tree!["FIELD(", text, ", 'a', 'B', '7')"],
            7 => tree!["INSTR(", text, ", 'b')"],
            8 => tree!["CRC32(", text, ")"],
            9 => {
                let (from, to) =
                    (self.one_of(scope, &[Class::Date, Class::Moment]), self.one_of(scope, &[Class::Date]));
                tree!["DATEDIFF(", from, ", ", to, ")"]
            }
            10 => tree!["UNIX_TIMESTAMP(", self.one_of(scope, &[Class::Moment]), ")"],
            11 => tree!["TIME_TO_SEC(", self.one_of(scope, &[Class::Time]), ")"],
            12 => tree!["EXTRACT(YEAR_MONTH FROM ", self.one_of(scope, &[Class::Date, Class::Moment]), ")"],
            13 => match self.any_of(scope, &[Class::Enum, Class::Set, Class::Bit]) {
                Some(column) => tree![format!("({column} + 0)")],
                None => a,
            },
            14 => tree!["CAST(", self.one_of(scope, &[Class::Decimal]), " AS SIGNED)"],
            15 => tree!["STRCMP(", text, ", 'b')"],
            16 => tree!["(", a, " IS TRUE)"],
            17 => tree!["JSON_LENGTH(", self.one_of(scope, &[Class::Json]), ")"],
            18 => tree!["(", self.one_of(scope, &[Class::Year]), " + 1)"],
            _ => match self.column(scope, Class::is_text) {
                Some(column) => tree![format!("CAST({} AS SIGNED)", column.text)],
                None => a,
            },
        }
    }

    fn odd_decimal(&mut self, scope: &Scope, a: Tree) -> Tree {
        match self.below(6) {
            0 => tree!["IFNULL(", a, ", ", self.one_of(scope, &[Class::Int]), ")"],
            1 => tree!["(", a, " % 0.7)"],
            2 => tree![
                "GREATEST(",
                a,
                ", ",
                self.one_of(scope, &[Class::Int]),
                ", ",
                self.quotient(scope),
                ")"
            ],
            3 => tree!["(", a, " * ", self.one_of(scope, &[Class::Decimal]), ")"],
            4 => tree!["IF(", self.predicate(scope, 0), ", ", a, ", ", self.quotient(scope), ")"],
            _ => tree!["CAST(", self.one_of(scope, &[Class::Double]), " AS DECIMAL(12,4))"],
        }
    }

    fn odd_text(&mut self, scope: &Scope, a: Tree) -> Tree {
        let text = self.text(scope);
        match self.below(16) {
            0 => tree!["CAST(", self.one_of(scope, &[Class::Int, Class::Decimal, Class::Date]), " AS CHAR)"],
            1 => {
                let other = self.one_of(scope, &[Class::Int, Class::Date, Class::Decimal, Class::Time]);
                tree!["CONCAT_WS(',', ", a, ", ", other, ")"]
            }
            2 => tree!["LPAD(", a, ", 4, '*')"],
            3 => tree!["REPLACE(", a, ", 'a', 'bb')"],
            4 => tree!["TRIM(", a, ")"],
            5 => tree!["LOWER(", a, ")"],
            6 => tree!["REPEAT(", a, ", 2)"],
            7 => tree!["DATE_FORMAT(", self.one_of(scope, &[Class::Date, Class::Moment]), ", '%Y-%m')"],
            8 => tree!["ELT(2, 'x', ", a, ")"],
            9 => tree!["FORMAT(", self.one_of(scope, &[Class::Decimal]), ", 1)"],
            10 => tree!["CONCAT(", self.one_of(scope, &[Class::Enum, Class::Set]), ", '')"],
            11 => tree!["JSON_UNQUOTE(JSON_EXTRACT(", self.one_of(scope, &[Class::Json]), ", '$.a'))"],
            12 => tree!["CONCAT(", self.one_of(scope, &[Class::Moment, Class::Year]), ", 'x')"],
            13 => tree!["RTRIM(", text, ")"],
            14 => tree!["CONCAT(", self.one_of(scope, &[Class::Double]), ", '')"],
            _ => tree!["HEX(", self.one_of(scope, &[Class::Int]), ")"],
        }
    }

    /// A condition on values of two classes, about a column: a server may work out constants when it has no row to work them out for.
    pub fn odd_predicate(&mut self, scope: &Scope) -> Option<Tree> {
        let made = match self.below(9) {
            0 => tree![self.any_of(scope, &[Class::Date, Class::Moment])?, " > '2024-01-31'"],
            1 => tree![
                self.any_of(scope, &[Class::Date])?,
                " BETWEEN '2023-12-31' AND ",
                self.literal(Class::Moment)
            ],
            2 => tree![self.any_of(scope, &[Class::Int])?, " IN (1, 2.5, '7')"],
            3 => tree![self.column(scope, Class::is_text)?.text, " REGEXP '^[ab]'"],
            4 => tree![self.column(scope, Class::is_text)?.text, " LIKE ", self.text(scope)],
            5 => tree![self.any_of(scope, &[Class::Int])?, " < ", self.quotient(scope)],
            6 => tree![self.any_of(scope, &[Class::Enum])?, " > 2"],
            7 => {
                let number = self.any_of(scope, &[Class::Int, Class::Decimal])?;
                tree![number, " = ", self.any_of(scope, &[Class::Double])?]
            }
            _ => tree![self.any_of(scope, &[Class::Moment])?, " = ", self.one_of(scope, &[Class::Date])],
        };
        Some(made)
    }
}
