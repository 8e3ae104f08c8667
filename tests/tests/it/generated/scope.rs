//! What names an expression can use, and FROM clauses that bring them.

use rand::Rng;
use rand::rngs::StdRng;

use super::schema::Table;
use super::tree::{Tree, tree};
use super::types::{Class, pick};

/// A column that an expression can name.
#[derive(Clone, Debug)]
pub struct Ref {
    pub text: String,
    pub class: Class,
}

/// What stands in FROM, or around.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub locals: Vec<Ref>,
    /// Columns of the queries around.
    pub outers: Vec<Ref>,
    /// An ORDER BY of these leaves only rows in one place that are the same.
    pub order: Vec<String>,
}

/// A named result: a common table expression.
#[derive(Clone, Debug)]
pub struct Named {
    pub name: String,
    pub outputs: Vec<Ref>,
}

/// Makes statements on some tables.
pub struct Generator<'r> {
    pub rng: &'r mut StdRng,
    pub tables: &'r [Table],
    pub mysql: bool,
    pub named: Vec<Named>,
    next: usize,
    used: Vec<String>,
    /// The answer has sums of doubles that depend on the order of rows.
    pub approximate: bool,
    /// The answer has values of which any may stand that the collation calls equal.
    pub loose: bool,
    /// Earlier statements of the scenario may have given one `id` to several rows.
    pub is_later: bool,
}

impl<'r> Generator<'r> {
    pub fn new(rng: &'r mut StdRng, tables: &'r [Table], mysql: bool) -> Self {
        Self {
            rng,
            tables,
            mysql,
            named: Vec::new(),
            next: 0,
            used: Vec::new(),
            approximate: false,
            loose: false,
            is_later: false,
        }
    }

    /// What keeps names of this generator and of one that goes on for it apart.
    pub fn names(&self) -> (usize, Vec<String>) {
        (self.next, self.used.clone())
    }

    /// Goes on with the names of another one.
    pub fn continue_names(&mut self, names: &(usize, Vec<String>)) {
        (self.next, self.used) = names.clone();
    }

    pub fn one_in(&mut self, n: u32) -> bool {
        self.rng.random_range(0..n) == 0
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n)
    }

    pub fn pick(&mut self, list: &[&'static str]) -> &'static str {
        pick(self.rng, list)
    }

    /// A new name.
    pub fn name(&mut self, start: &str) -> String {
        self.next += 1;
        format!("{start}{}", self.next)
    }

    pub fn table(&mut self) -> &'r Table {
        let tables = self.tables;
        &tables[self.below(tables.len())]
    }

    /// A table in FROM: its text, and what it brings.
    pub fn base(&mut self, table: &Table) -> (Tree, Scope) {
        let bare = !self.used.contains(&table.name) && self.one_in(3);
        let (text, alias) = if bare {
            (table.name.clone(), table.name.clone())
        } else {
            let alias = self.name("r");
            let between = self.pick(&[" ", " AS "]);
            (format!("{}{between}{alias}", table.name), alias)
        };
        self.used.push(table.name.clone());
        (text.into(), self.own(table, &alias))
    }

    /// What a table brings under a name.
    pub fn own(&self, table: &Table, alias: &str) -> Scope {
        let locals = table
            .columns
            .iter()
            .map(|column| Ref { text: format!("{alias}.{}", column.name), class: column.class });
        let locals: Vec<Ref> = locals.collect();
        let order = if self.is_later { exact_order(&locals) } else { vec![format!("{alias}.id")] };
        Scope { locals, outers: Vec::new(), order }
    }

    /// What a derived table or a common table expression brings under an alias.
    fn derived(alias: &str, outputs: &[Ref]) -> Scope {
        let locals: Vec<Ref> =
            outputs.iter().map(|o| Ref { text: format!("{alias}.{}", o.text), class: o.class }).collect();
        Scope { order: exact_order(&locals), locals, outers: Vec::new() }
    }

    fn relation(&mut self, depth: u32) -> (Tree, Scope) {
        if !self.named.is_empty() && self.one_in(2) {
            let named = self.named[self.rng.random_range(0..self.named.len())].clone();
            let alias = self.name("r");
            return (format!("{} {alias}", named.name).into(), Self::derived(&alias, &named.outputs));
        }
        if depth > 0 && self.one_in(4) {
            let query = self.inner(None, &Scope::default(), depth - 1);
            let alias = self.name("r");
            let scope = Self::derived(&alias, &query.outputs);
            return (tree!["(", query.tree, format!(") {alias}")], scope);
        }
        let table = self.table();
        self.base(table)
    }

    /// FROM without its word: one relation, or several joined.
    pub fn from(&mut self, depth: u32) -> (Tree, Scope) {
        if self.one_in(12) {
            return self.natural();
        }
        let (mut text, mut scope) = self.relation(depth);
        let joins = [0, 0, 0, 0, 1, 1, 1, 2][self.below(8)];
        for number in 0..joins {
            let (other, brings) = self.relation(depth);
            let on = self.on(&scope, &brings, depth);
            let joined = match self.below(if number == 0 { 12 } else { 10 }) {
                0..3 => tree![" JOIN ", other, " ON ", on],
                3 => tree![" INNER JOIN ", other, " ON ", on],
                4..7 => tree![" LEFT JOIN ", other, " ON ", on],
                7 => tree![" RIGHT JOIN ", other, " ON ", on],
                8 => tree![" STRAIGHT_JOIN ", other, " ON ", on],
                9 => tree![" LEFT OUTER JOIN ", other, " ON ", on],
                10 => tree![" CROSS JOIN ", other],
                _ => tree![", ", other],
            };
            // Without anything that names it, the join itself may go.
            text = tree![text, joined.maybe()];
            scope.locals.extend(brings.locals);
            scope.order.extend(brings.order);
        }
        (text, scope)
    }

    /// Two tables by their common columns, `id` and `p`.
    fn natural(&mut self) -> (Tree, Scope) {
        let (first, second) = (self.table(), self.table());
        let ((left, mut scope), (right, brings)) = (self.base(first), self.base(second));
        let join = match self.below(6) {
            0 if first.name != second.name => tree![left, " NATURAL JOIN ", right],
            1 if first.name != second.name => tree![left, " NATURAL LEFT JOIN ", right],
            2 => tree![left, " JOIN ", right, " USING (id)"],
            3 => tree![left, " LEFT JOIN ", right, " USING (p)"],
            4 => tree![left, " RIGHT JOIN ", right, " USING (id)"],
            _ => tree![left, " INNER JOIN ", right, " USING (id, p)"],
        };
        scope.locals.extend(brings.locals);
        scope.order.extend(brings.order);
        (join, scope)
    }

    /// Two columns that can be compared, one of each side.
    fn matching(&mut self, left: &Scope, right: &Scope) -> Option<(String, String)> {
        let mut pairs = Vec::new();
        for a in &left.locals {
            for b in right.locals.iter().filter(|b| b.class == a.class && b.class != Class::Json) {
                let weight = if a.text.ends_with(".id")
                    || b.text.ends_with(".id")
                    || a.text.contains(".k") && b.text.contains(".k")
                {
                    4
                } else {
                    1
                };
                pairs.extend(std::iter::repeat_n((a.text.clone(), b.text.clone()), weight));
            }
        }
        let count = pairs.len();
        (count > 0).then(|| pairs.swap_remove(self.below(count)))
    }

    pub fn on(&mut self, left: &Scope, right: &Scope, depth: u32) -> Tree {
        let mut parts = Vec::new();
        if let Some((a, b)) = self.matching(left, right) {
            let op = self.pick(&["=", "=", "=", "=", "=", "<=>"]);
            parts.push(if self.one_in(2) { format!("{a} {op} {b}") } else { format!("{b} {op} {a}") }.into());
        }
        if parts.is_empty() || self.one_in(4) {
            let mut both = left.clone();
            both.locals.extend(right.locals.iter().cloned());
            let one = if self.one_in(2) { right } else { &both };
            let depth = if self.one_in(2) { depth.min(1) } else { 0 };
            parts.push(self.predicate(one, depth));
        }
        Tree::list(parts, " AND ")
    }
}

/// An ORDER BY in which only rows that are the same have one place.
fn exact_order(locals: &[Ref]) -> Vec<String> {
    let terms = locals.iter().flat_map(|r| {
        let exact = r.class.is_vague().then(|| format!("HEX({})", r.text));
        std::iter::once(r.text.clone()).chain(exact)
    });
    terms.collect()
}
