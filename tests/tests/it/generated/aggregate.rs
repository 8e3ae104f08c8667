//! Aggregates and window functions.

use super::scope::{Generator, Scope};
use super::tree::{Tree, tree};
use super::types::Class;

impl Generator<'_> {
    /// An aggregate of any class. `exact`: no value may stand for others that are equal to it, and no sum depends on the order of rows.
    pub fn aggregate(&mut self, scope: &Scope, exact: bool) -> (Tree, Class) {
        let wanted = match self.below(14) {
            0..2 => return ("COUNT(*)".into(), Class::Int),
            2..4 => return (self.count(scope), Class::Int),
            4..7 => return (self.sum(scope), Class::Decimal),
            7 => return (self.concatenated(scope), Class::Text("utf8mb4_general_ci")),
            8 | 9 => return self.combined(scope),
            10 if !exact => match self.spread(scope) {
                Some(made) => return (made, Class::Double),
                None => Class::Int,
            },
            _ => self.local(scope, Class::is_plain).map_or(Class::Int, |r| r.class),
        };
        self.extreme(scope, wanted, exact)
    }

    /// An aggregate of this class, or one whose value converts to it.
    pub fn aggregate_of(&mut self, scope: &Scope, class: Class) -> Tree {
        match class {
            Class::Int if self.one_in(2) => self.count(scope),
            Class::Decimal if self.one_in(2) => self.sum(scope),
            Class::Double if self.one_in(4) => {
                self.approximate = true;
                self.sum(scope)
            }
            _ => self.extreme(scope, class, true).0,
        }
    }

    fn count(&mut self, scope: &Scope) -> Tree {
        let Some(r) = self.local(scope, Class::is_plain) else { return "COUNT(*)".into() };
        match self.below(4) {
            0 => format!("COUNT({})", r.text).into(),
            1 | 2 => format!("COUNT(DISTINCT {})", r.text).into(),
            _ => match self.local(scope, Class::is_plain) {
                Some(other) => format!("COUNT(DISTINCT {}, {})", r.text, other.text).into(),
                None => "COUNT(*)".into(),
            },
        }
    }

    fn sum(&mut self, scope: &Scope) -> Tree {
        let Some(r) = self.local(scope, Class::is_number) else { return "SUM(1)".into() };
        let simple = format!("SUM({})", r.text);
        let kind = self.below(11);
        // Thirds: sums of them depend on the order of rows.
        self.approximate |= kind > 4 && kind < 9 && r.class == Class::Double;
        let text = match kind {
            0 => format!("SUM(DISTINCT {})", r.text),
            1 => format!("AVG({})", r.text),
            2 => format!("AVG(DISTINCT {})", r.text),
            3 => format!("SUM({} * 2)", r.text),
            4 => format!("SUM(CASE WHEN {} > 2 THEN 1 ELSE 0 END)", r.text),
            5 => format!("SUM({} / 3)", r.text),
            6 => format!("AVG({} / 7)", r.text),
            7 => format!("AVG({}) / 3", r.text),
            8 => format!("{}({} / 3)", self.pick(&["MIN", "MAX"]), r.text),
            9 => format!("SUM({}) / COUNT(*)", r.text),
            _ => simple.clone(),
        };
        Tree::from(text).or(vec![simple.into()])
    }

    fn spread(&mut self, scope: &Scope) -> Option<Tree> {
        let r = self.local(scope, Class::is_number)?;
        self.approximate = true;
        let function = self.pick(&["STDDEV", "VARIANCE", "STDDEV_SAMP", "VAR_SAMP", "STDDEV_POP"]);
        Some(format!("{function}({})", r.text).into())
    }

    /// MIN or MAX.
    pub fn extreme(&mut self, scope: &Scope, class: Class, exact: bool) -> (Tree, Class) {
        let function = self.pick(&["MIN", "MAX"]);
        match self.local(scope, |c| c == class) {
            Some(r) if class.is_vague() && exact => {
                (format!("{function}(HEX({}))", r.text).into(), Class::Text("ascii"))
            }
            Some(r) => {
                self.loose |= class.is_vague();
                (format!("{function}({})", r.text).into(), class)
            }
            None => {
                let value = self.literal(class);
                (tree![function, "(", value, ")"], class)
            }
        }
    }

    fn concatenated(&mut self, scope: &Scope) -> Tree {
        let Some(r) =
            self.local(scope, |c| c.is_plain() && !c.is_vague() && c != Class::Bit && c != Class::Bytes)
        else {
            return "GROUP_CONCAT('x')".into();
        };
        let order = self.total(scope);
        let text = match self.below(3) {
            0 => format!("GROUP_CONCAT(DISTINCT {0} ORDER BY {0})", r.text),
            1 => format!("GROUP_CONCAT({} ORDER BY {order} SEPARATOR '|')", r.text),
            _ => format!("GROUP_CONCAT({0} ORDER BY {0} DESC, {order})", r.text),
        };
        text.into()
    }

    /// An expression over aggregates.
    fn combined(&mut self, scope: &Scope) -> (Tree, Class) {
        let sum = self.sum(scope);
        match self.below(7) {
            0 => (tree!["COALESCE(", sum, ", 0)"], Class::Decimal),
            6 => (tree![sum, " * 3"], Class::Decimal),
            1 => (tree![sum, " + COUNT(*)"], Class::Decimal),
            2 => (tree!["ROUND(", sum, ", 1)"], Class::Decimal),
            3 => {
                let (low, high) =
                    (self.extreme(scope, Class::Int, true).0, self.extreme(scope, Class::Int, true).0);
                (tree![high, " - ", low], Class::Int)
            }
            4 => (tree!["IF(COUNT(*) > 2, ", self.count(scope), ", -1)"], Class::Int),
            _ => (tree!["CASE WHEN ", sum, " > 5 THEN 1 ELSE 0 END"], Class::Int),
        }
    }

    /// A total order of the scope's rows, for ORDER BY.
    pub fn total(&mut self, scope: &Scope) -> String {
        let direction = self.pick(&["", " DESC", ""]);
        let keys: Vec<String> = scope.order.iter().map(|key| format!("{key}{direction}")).collect();
        keys.join(", ")
    }

    /// A window function, with its class.
    pub fn window(&mut self, scope: &Scope) -> (Tree, Class) {
        let partition = match self.local(scope, Class::is_plain) {
            Some(r) if !self.one_in(3) => format!("PARTITION BY {} ", r.text),
            _ => String::new(),
        };
        let order = self.total(scope);
        let key = self.local(scope, Class::is_plain).map_or_else(|| "1".to_owned(), |r| r.text);
        let number = self.local(scope, Class::is_number);
        let (number, class) = number.map_or(("1".to_owned(), Class::Int), |r| (r.text, r.class));
        let frame = self.pick(&[
            "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
            "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
            "ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING",
            "",
        ]);
        let text = match self.below(13) {
            0..2 => format!("ROW_NUMBER() OVER ({partition}ORDER BY {order})"),
            2 => format!("ROW_NUMBER() OVER ({partition}ORDER BY {key}, {order})"),
            3 => format!("RANK() OVER ({partition}ORDER BY {key})"),
            4 => format!("DENSE_RANK() OVER ({partition}ORDER BY {key} DESC)"),
            5 => format!("COUNT(*) OVER ({partition})"),
            6 => {
                let divided = match self.below(3) {
                    0 if class != Class::Double => format!("{number} / 3"),
                    _ => number,
                };
                return (
                    format!("SUM({divided}) OVER ({partition}ORDER BY {order} {frame})").into(),
                    Class::Decimal,
                );
            }
            7 => return (format!("SUM({number}) OVER ({partition})").into(), Class::Decimal),
            8 => return (format!("LAG({number}) OVER ({partition}ORDER BY {order})").into(), class),
            9 => return (format!("LEAD({number}, 2) OVER ({partition}ORDER BY {order})").into(), class),
            10 => return (format!("FIRST_VALUE({number}) OVER ({partition}ORDER BY {order})").into(), class),
            11 => format!("NTILE(3) OVER ({partition}ORDER BY {order})"),
            _ => return (format!("MAX({number}) OVER ({partition})").into(), class),
        };
        (text.into(), Class::Int)
    }
}
