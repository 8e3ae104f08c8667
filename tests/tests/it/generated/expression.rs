//! Expressions and conditions over a scope.

use super::scope::{Generator, Ref, Scope};
use super::tree::{Tree, tree};
use super::types::{self, Class};

impl Generator<'_> {
    /// A column of that class, now and then one of a query around.
    pub fn column(&mut self, scope: &Scope, wanted: impl Fn(Class) -> bool) -> Option<Ref> {
        let outers = !scope.outers.is_empty() && self.one_in(4);
        let list = if outers { &scope.outers } else { &scope.locals };
        let fit: Vec<&Ref> = list.iter().filter(|r| wanted(r.class)).collect();
        if fit.is_empty() { None } else { Some(fit[self.below(fit.len())].clone()) }
    }

    /// Any column of FROM itself.
    pub fn local(&mut self, scope: &Scope, wanted: impl Fn(Class) -> bool) -> Option<Ref> {
        let only = Scope { outers: Vec::new(), ..scope.clone() };
        self.column(&only, wanted)
    }

    pub fn literal(&mut self, class: Class) -> Tree {
        types::literal(self.rng, class)
    }

    /// A column of the class, or else a literal.
    pub fn leaf(&mut self, scope: &Scope, class: Class) -> Tree {
        match self.column(scope, |c| c == class) {
            Some(r) if !self.one_in(10) => r.text.into(),
            _ => self.literal(class),
        }
    }

    /// Any expression, with its class.
    pub fn any(&mut self, scope: &Scope, depth: u32) -> (Tree, Class) {
        let column = self.column(scope, |_| true);
        let class = column.as_ref().map_or(Class::Int, |r| r.class);
        match column {
            Some(r) if !self.one_in(3) => (r.text.into(), class),
            _ => (self.of(scope, class, depth), class),
        }
    }

    /// An expression of a class.
    pub fn of(&mut self, scope: &Scope, class: Class, depth: u32) -> Tree {
        if self.one_in(2) {
            return self.leaf(scope, class);
        }
        if depth > 0 && self.one_in(4) && class.is_plain() {
            return self.scalar(scope, class, depth - 1);
        }
        let (a, b) = (self.leaf(scope, class), self.leaf(scope, class));
        let simple = vec![a.clone()];
        let made = match self.below(8) {
            0 if class.is_plain() => tree!["COALESCE(", a, ", ", b, ")"],
            1 if class.is_plain() => {
                let test = self.predicate(scope, 0);
                tree!["CASE WHEN ", test, " THEN ", a, " ELSE ", b, " END"]
            }
            2 if class.is_plain() => {
                let test = self.predicate(scope, 0);
                tree!["IF(", test, ", ", a, ", ", b, ")"]
            }
            3 if class.is_plain() => tree!["NULLIF(", a, ", ", b, ")"],
            _ => self.function(scope, class, a, b),
        };
        made.or(simple)
    }

    fn function(&mut self, scope: &Scope, class: Class, a: Tree, b: Tree) -> Tree {
        if self.one_in(3) {
            return self.odd(scope, class, a);
        }
        match class {
            Class::Int => self.int_function(scope, a, b),
            Class::Decimal => match self.below(8) {
                0 => tree!["(", a, " + ", b, ")"],
                1 => tree!["ROUND(", a, ", 1)"],
                2 => tree!["(", a, " * 2)"],
                3 => tree!["CAST(", self.leaf(scope, Class::Int), " AS DECIMAL(10,2))"],
                4 => tree!["CAST(", self.quotient(scope), " AS DECIMAL(20,8))"],
                5 => tree!["TRUNCATE(", self.quotient(scope), ", 2)"],
                _ => self.quotient(scope),
            },
            Class::Double => match self.below(4) {
                0 => {
                    // Thirds: sums of them depend on the order of rows.
                    self.approximate = true;
                    self.quotient(scope)
                }
                1 => tree!["(", a, " / 4)"],
                _ => tree!["(", a, self.pick(&[" + ", " - "]), b, ")"],
            },
            Class::Text(_) => match self.below(7) {
                0 => tree!["CONCAT(", a, ", 'x')"],
                1 => tree!["CONCAT(", a, ", ", b, ")"],
                2 => tree!["UPPER(", a, ")"],
                3 => tree!["LEFT(", a, ", 1)"],
                4 => tree!["REVERSE(", a, ")"],
                5 => tree!["CONCAT(", a, ", ", self.quotient(scope), ")"],
                _ => tree!["SUBSTRING(", a, ", 2)"],
            },
            Class::Date => match self.below(3) {
                0 => tree!["DATE_ADD(", a, ", INTERVAL 3 DAY)"],
                1 => tree!["LAST_DAY(", a, ")"],
                _ => tree!["DATE(", self.leaf(scope, Class::Moment), ")"],
            },
            Class::Moment => tree!["(", a, " + INTERVAL 90 MINUTE)"],
            _ => a,
        }
    }

    /// A DECIMAL that has more digits than it shows.
    pub fn quotient(&mut self, scope: &Scope) -> Tree {
        let class = if self.one_in(2) { Class::Decimal } else { Class::Int };
        let (a, b) = (self.leaf(scope, class), self.leaf(scope, class));
        match self.below(5) {
            0 => tree!["(", a, " / ", b, ")"],
            1 => tree!["(", a, " / 3 * 3)"],
            _ => tree!["(", a, self.pick(&[" / 3", " / 7", " / 3000", " / 1.1"]), ")"],
        }
    }

    fn int_function(&mut self, scope: &Scope, a: Tree, b: Tree) -> Tree {
        match self.below(9) {
            0 => tree!["(", a, " + ", b, ")"],
            1 => tree!["(", a, " * 2)"],
            2 => tree!["(", a, " % 3)"],
            3 => tree!["ABS(", a, ")"],
            4 => tree!["(", a, " DIV 2)"],
            5 => match self.column(scope, Class::is_text) {
                Some(r) => format!("LENGTH({})", r.text).into(),
                None => a,
            },
            6 => match self.column(scope, |c| matches!(c, Class::Date | Class::Moment)) {
                Some(r) => {
                    format!("{}({})", self.pick(&["YEAR", "MONTH", "DAYOFWEEK", "TO_DAYS"]), r.text).into()
                }
                None => a,
            },
            7 => tree!["(", self.predicate(scope, 0), ")"],
            _ => tree!["GREATEST(", a, ", ", b, ")"],
        }
    }

    /// A subquery of one value.
    pub fn scalar(&mut self, scope: &Scope, class: Class, depth: u32) -> Tree {
        let query = self.one_value(class, scope, depth);
        let simpler = vec![self.literal(class)];
        tree!["(", query, ")"].or(simpler)
    }

    fn comparison(&mut self) -> &'static str {
        self.pick(&["=", "=", "=", "=", "<>", "<", "<=", ">", ">=", "<=>"])
    }

    /// A condition.
    pub fn predicate(&mut self, scope: &Scope, depth: u32) -> Tree {
        match self.below(10) {
            0 | 1 if depth > 0 => {
                let parts = (0..2).map(|_| tree!["(", self.predicate(scope, depth - 1), ")"]).collect();
                return Tree::list(parts, self.pick(&[" AND ", " OR ", " AND "]));
            }
            2 if depth > 0 => {
                let inside = self.predicate(scope, depth - 1);
                return tree!["NOT (", inside.clone(), ")"].or(vec![inside]);
            }
            3..6 if depth > 0 => return self.with_subquery(scope, depth - 1),
            _ => {}
        }
        if self.one_in(12)
            && let Some(made) = self.odd_predicate(scope)
        {
            return made;
        }
        let Some(column) = self.column(scope, |c| c != Class::Json) else { return "1 = 1".into() };
        let (text, class) = (column.text, column.class);
        match self.below(16) {
            0..6 => tree![text, format!(" {} ", self.comparison()), self.literal(class)],
            6 => tree![self.literal(class), format!(" {} ", self.comparison()), text],
            7 | 8 => {
                let other = self.of(scope, class, depth);
                tree![text, format!(" {} ", self.comparison()), other]
            }
            9 | 10 => {
                let items = (0..1 + self.below(4)).map(|_| self.literal(class)).collect();
                tree![text, self.pick(&[" IN (", " IN (", " NOT IN ("]), Tree::list(items, ", "), ")"]
            }
            11 => {
                let (low, high) = (self.literal(class), self.literal(class));
                tree![text, self.pick(&[" BETWEEN ", " BETWEEN ", " NOT BETWEEN "]), low, " AND ", high]
            }
            12 | 13 => tree![text, self.pick(&[" IS NULL", " IS NOT NULL"])],
            14 if class.is_text() => {
                tree![text, " LIKE ", self.pick(&["'a%'", "'%b%'", "'_'", "'%'", "'A_'"])]
            }
            15 => {
                // A row; the second column of any class.
                match self.column(scope, |c| c != Class::Json) {
                    Some(second) => {
                        let values = tree!["(", self.literal(class), ", ", self.literal(second.class), ")"];
                        tree![format!("({text}, {}) = ", second.text), values]
                    }
                    None => tree![text, " IS NULL"],
                }
            }
            _ => tree![text, " = ", self.leaf(scope, class)],
        }
    }

    /// A condition with a subquery in it.
    fn with_subquery(&mut self, scope: &Scope, depth: u32) -> Tree {
        let around = self.around(scope);
        let Some(column) = self.column(scope, Class::is_plain) else { return "1 = 1".into() };
        let class = column.class;
        match self.below(12) {
            0..3 => {
                let query = self.inner(Some(&[class]), &around, depth);
                tree![column.text, self.pick(&[" IN (", " IN (", " NOT IN ("]), query.tree, ")"]
            }
            3..6 => {
                let query = self.inner(None, &around, depth);
                tree![self.pick(&["EXISTS (", "NOT EXISTS ("]), query.tree, ")"]
            }
            6 | 7 => {
                let query = self.inner(Some(&[class]), &around, depth);
                let how = self.pick(&["ANY", "ALL", "SOME", "ALL"]);
                let op = self.pick(&["=", "<", ">", "<=", ">=", "<>"]);
                tree![column.text, format!(" {op} {how} ("), query.tree, ")"]
            }
            8 => match self.column(scope, Class::is_plain) {
                Some(second) => {
                    let query = self.inner(Some(&[class, second.class]), &around, depth);
                    let not = self.pick(&[" IN (", " IN (", " NOT IN ("]);
                    tree![format!("({}, {})", column.text, second.text), not, query.tree, ")"]
                }
                None => "1 = 1".into(),
            },
            _ => {
                let op = self.comparison();
                tree![column.text, format!(" {op} "), self.scalar(&around, class, depth)]
            }
        }
    }

    /// What a subquery sees of the queries around it; often nothing.
    pub fn around(&mut self, scope: &Scope) -> Scope {
        if self.one_in(3) {
            return Scope::default();
        }
        let outers = scope.locals.iter().chain(&scope.outers).cloned().collect();
        Scope { outers, ..Scope::default() }
    }
}
