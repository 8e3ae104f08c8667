//! SELECT: blocks, set operations, common table expressions, and whole queries.

use super::scope::{Generator, Named, Ref, Scope};
use super::tree::{Tree, tree};
use super::types::Class;

/// A query, with its columns by name.
pub struct Query {
    pub tree: Tree,
    pub outputs: Vec<Ref>,
}

/// How a block's rows can be put into a total order.
enum Sorting {
    /// By positions of its columns.
    Outputs,
    /// By these.
    Rows(Vec<Ref>, Vec<String>),
    Never,
}

struct Block {
    tree: Tree,
    outputs: Vec<Ref>,
    sorting: Sorting,
}

/// Where a query stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Its rows are the answer.
    Top,
    Inner,
}

impl Generator<'_> {
    /// A whole statement.
    pub fn query(&mut self) -> Tree {
        let with = if self.one_in(5) { self.with() } else { Tree::none() };
        let depth = [1, 1, 2, 2][self.below(4)];
        let query = if self.one_in(7) {
            self.set_operation(None, &Scope::default(), depth, Place::Top)
        } else {
            let block = self.block(None, &Scope::default(), depth, Place::Top);
            let chance = if self.one_in(3) { 0 } else { 1 };
            self.finish(block, Place::Top, chance)
        };
        let lock = if self.one_in(25) { self.pick(&[" FOR UPDATE", " LOCK IN SHARE MODE"]) } else { "" };
        let lock = if with == Tree::none() { lock } else { "" };
        tree![with, query.tree, Tree::from(lock).maybe()]
    }

    /// A query inside of another one.
    pub fn inner(&mut self, want: Option<&[Class]>, around: &Scope, depth: u32) -> Query {
        if self.one_in(8) {
            return self.set_operation(want, around, depth, Place::Inner);
        }
        let block = self.block(want, around, depth, Place::Inner);
        // LIMIT inside of IN, ANY and ALL is MySQL's error; `want` is theirs.
        let chance = if want.is_none() && self.one_in(5) { 1 } else { 0 };
        self.finish(block, Place::Inner, chance)
    }

    /// A query of one row at most.
    pub fn one_value(&mut self, class: Class, around: &Scope, depth: u32) -> Tree {
        let (from, mut scope) = self.from(depth);
        scope.outers.clone_from(&around.outers);
        let filter = self.filter(&scope, depth);
        if self.one_in(3) {
            let item = self.leaf(&scope, class);
            let order = self.total(&scope);
            return tree!["SELECT ", item, " FROM ", from, filter, format!(" ORDER BY {order} LIMIT 1")];
        }
        let item = self.aggregate_of(&scope, class);
        tree!["SELECT ", item, " FROM ", from, filter]
    }

    /// WHERE with its space before it, or nothing.
    pub fn filter(&mut self, scope: &Scope, depth: u32) -> Tree {
        match self.below(5) {
            0 | 1 if scope.outers.is_empty() => Tree::none(),
            _ => tree![" WHERE ", self.predicate(scope, depth)].maybe(),
        }
    }

    /// SELECT up to HAVING.
    fn block(&mut self, want: Option<&[Class]>, around: &Scope, depth: u32, place: Place) -> Block {
        let (from, mut scope) = self.from(depth);
        scope.outers.clone_from(&around.outers);
        let filter = self.filter(&scope, depth);
        let tail = tree![" FROM ", from, filter];
        match self.below(12) {
            0..5 => self.plain(want, &scope, depth, place, tail),
            5 => self.distinct(want, &scope, depth, place, tail),
            6 => self.aggregated(want, &scope, place, tail),
            7..10 => self.grouped(want, &scope, place, tail),
            10 if want.is_none() => self.windowed(&scope, depth, place, tail),
            _ => self.plain(want, &scope, depth, place, tail),
        }
    }

    /// SELECT items with names, and the columns that they make.
    fn items(
        &mut self,
        items: Vec<(Tree, Class)>,
        place: Place,
        word: &str,
        fixed: bool,
    ) -> (Tree, Vec<Ref>) {
        let (mut list, mut outputs) = (Vec::new(), Vec::new());
        let names = place == Place::Inner || self.one_in(2);
        for (number, (item, class)) in items.into_iter().enumerate() {
            let name = format!("c{}", number + 1);
            list.push(if names { tree![item, format!(" AS {name}")] } else { item });
            outputs.push(Ref { text: name, class });
        }
        let least = if fixed { list.len() } else { 1 };
        (tree![word, Tree::List(list, ", ", least)], outputs)
    }

    fn expressions(&mut self, want: Option<&[Class]>, scope: &Scope, depth: u32) -> Vec<(Tree, Class)> {
        match want {
            Some(classes) => classes.iter().map(|class| (self.of(scope, *class, depth), *class)).collect(),
            None => (0..1 + self.below(4)).map(|_| self.any(scope, depth)).collect(),
        }
    }

    fn plain(
        &mut self,
        want: Option<&[Class]>,
        scope: &Scope,
        depth: u32,
        place: Place,
        tail: Tree,
    ) -> Block {
        let sorting = Sorting::Rows(scope.locals.clone(), scope.order.clone());
        if want.is_none() && place == Place::Top && self.one_in(6) {
            return Block { tree: tree!["SELECT *", tail], outputs: Vec::new(), sorting };
        }
        let items = self.expressions(want, scope, depth);
        let (head, outputs) = self.items(items, place, "SELECT ", want.is_some());
        Block { tree: tree![head, tail], outputs, sorting }
    }

    /// A column of which no other value that is equal may stand, unless that is allowed where the query stands.
    fn settled(&mut self, item: Tree, class: Class, place: Place) -> (Tree, Class) {
        match (class.is_vague(), place) {
            (true, Place::Top) if class.is_plain() && self.one_in(2) => {
                self.loose = true;
                (item, class)
            }
            (true, _) => (tree!["HEX(", item, ")"], Class::Text("ascii")),
            (false, _) => (item, class),
        }
    }

    fn distinct(
        &mut self,
        want: Option<&[Class]>,
        scope: &Scope,
        depth: u32,
        place: Place,
        tail: Tree,
    ) -> Block {
        // Columns: MariaDB 10.11 answers DISTINCT of constants with a row although OFFSET leaves none.
        let classes = match want {
            Some(classes) => classes.to_vec(),
            None => (0..1 + self.below(3))
                .filter_map(|_| self.local(scope, Class::is_plain).map(|r| r.class))
                .collect(),
        };
        let mut items = Vec::new();
        for class in classes {
            let Some(r) = self.local(scope, |c| c == class) else {
                return self.plain(want, scope, depth, place, tail);
            };
            let item = match class {
                Class::Decimal if self.one_in(3) => format!("{} / 3000", r.text),
                _ => r.text,
            };
            items.push(self.settled(item.into(), class, place));
        }
        let (head, outputs) = self.items(items, place, "SELECT DISTINCT ", want.is_some());
        Block { tree: tree![head, tail], outputs, sorting: Sorting::Outputs }
    }

    fn aggregates(&mut self, want: Option<&[Class]>, scope: &Scope, place: Place) -> Vec<(Tree, Class)> {
        match want {
            Some(classes) => classes.iter().map(|class| (self.aggregate_of(scope, *class), *class)).collect(),
            None => (0..1 + self.below(3)).map(|_| self.aggregate(scope, place == Place::Inner)).collect(),
        }
    }

    fn aggregated(&mut self, want: Option<&[Class]>, scope: &Scope, place: Place, tail: Tree) -> Block {
        let items = self.aggregates(want, scope, place);
        let (head, outputs) = self.items(items, place, "SELECT ", want.is_some());
        let having = if self.one_in(6) { self.having(scope) } else { Tree::none() };
        Block { tree: tree![head, tail, having], outputs, sorting: Sorting::Outputs }
    }

    /// A key of GROUP BY: its text stands in the list of columns too.
    fn key(&mut self, scope: &Scope) -> Option<(String, Class)> {
        let r = self.local(scope, Class::is_plain)?;
        let made = match (self.below(4), r.class) {
            (0, Class::Int) => (format!("{} % 3", r.text), Class::Int),
            (0, Class::Decimal) => (format!("{} / 3000", r.text), Class::Decimal),
            (0, Class::Date | Class::Moment) => (format!("YEAR({})", r.text), Class::Int),
            (0, Class::Text(_)) => (format!("UPPER({})", r.text), r.class),
            _ => (r.text, r.class),
        };
        Some(made)
    }

    fn grouped(&mut self, want: Option<&[Class]>, scope: &Scope, place: Place, tail: Tree) -> Block {
        let mut keys: Vec<(String, Class)> = (0..1 + self.below(2)).filter_map(|_| self.key(scope)).collect();
        keys.dedup_by(|a, b| a.0 == b.0);
        if keys.is_empty() {
            return self.aggregated(want, scope, place, tail);
        }
        let rollup = want.is_none() && self.one_in(8);
        let mut items = Vec::new();
        match want {
            Some(classes) => {
                for class in classes {
                    let fit: Vec<&(String, Class)> =
                        keys.iter().filter(|key| key.1 == *class && !class.is_vague()).collect();
                    let item = if fit.is_empty() {
                        self.aggregate_of(scope, *class)
                    } else {
                        fit[self.below(fit.len())].0.clone().into()
                    };
                    items.push((item, *class));
                }
            }
            None => {
                for (text, class) in &keys {
                    items.push(match (class.is_vague(), place) {
                        (true, Place::Inner) => (format!("MIN(HEX({text}))").into(), Class::Text("ascii")),
                        (true, Place::Top) => {
                            self.loose = true;
                            (text.clone().into(), *class)
                        }
                        (false, _) => (text.clone().into(), *class),
                    });
                }
                items.extend(self.aggregates(None, scope, place));
                if self.one_in(4) {
                    items.rotate_left(1);
                }
            }
        }
        let (head, outputs) = self.items(items, place, "SELECT ", want.is_some());
        let keys: Vec<String> = keys.into_iter().map(|key| key.0).collect();
        let having = if self.one_in(3) { self.having(scope) } else { Tree::none() };
        let with = if rollup { Tree::from(" WITH ROLLUP").maybe() } else { Tree::none() };
        let tree = tree![head, tail, format!(" GROUP BY {}", keys.join(", ")), with, having];
        Block { tree, outputs, sorting: if rollup { Sorting::Never } else { Sorting::Outputs } }
    }

    fn having(&mut self, scope: &Scope) -> Tree {
        let (test, class) = match self.below(3) {
            0 => ("COUNT(*)".into(), Class::Int),
            1 => (self.aggregate_of(scope, Class::Decimal), Class::Decimal),
            _ => self.extreme(scope, Class::Int, true),
        };
        let op = self.pick(&[">", "<", ">=", "<>"]);
        let other =
            if self.one_in(5) { self.scalar(&Scope::default(), class, 0) } else { self.literal(class) };
        tree![" HAVING ", test, format!(" {op} "), other].maybe()
    }

    fn windowed(&mut self, scope: &Scope, depth: u32, place: Place, tail: Tree) -> Block {
        let mut items: Vec<(Tree, Class)> =
            (0..1 + self.below(2)).map(|_| self.any(scope, depth.min(1))).collect();
        for _ in 0..1 + self.below(2) {
            items.push(self.window(scope));
        }
        let (head, outputs) = self.items(items, place, "SELECT ", false);
        Block {
            tree: tree![head, tail],
            outputs,
            sorting: Sorting::Rows(scope.locals.clone(), scope.order.clone()),
        }
    }

    /// With ORDER BY and LIMIT, if `chance` is 1, or without.
    fn finish(&mut self, block: Block, place: Place, chance: u32) -> Query {
        let Block { tree, outputs, sorting } = block;
        if chance == 0 {
            return Query { tree, outputs };
        }
        let order = match sorting {
            Sorting::Never => return Query { tree, outputs },
            Sorting::Outputs => self.by_position(outputs.len()),
            Sorting::Rows(..) if place == Place::Top && !outputs.is_empty() && self.one_in(3) => {
                self.loose |= outputs.iter().any(|output| output.class.is_vague());
                self.by_position(outputs.len())
            }
            Sorting::Rows(columns, rows) => {
                let mut keys = Vec::new();
                for _ in 0..self.below(3) {
                    let column = &columns[self.below(columns.len())];
                    let divided = match column.class {
                        Class::Int | Class::Decimal if self.one_in(3) => " / 30000",
                        _ => "",
                    };
                    keys.push(format!("{}{divided}{}", column.text, self.pick(&["", " ASC", " DESC"])));
                }
                keys.extend(rows);
                keys.join(", ")
            }
        };
        let limit = match self.below(5) {
            0 => format!(" LIMIT {}", self.below(9)),
            1 => format!(" LIMIT {}, {}", self.below(6), 1 + self.below(9)),
            2 => format!(" LIMIT {} OFFSET {}", 1 + self.below(9), self.below(6)),
            _ if place == Place::Inner => format!(" LIMIT {}", 1 + self.below(9)),
            _ => String::new(),
        };
        Query {
            tree: tree![tree, tree![format!(" ORDER BY {order}"), Tree::from(limit).maybe()].maybe()],
            outputs,
        }
    }

    fn by_position(&mut self, count: usize) -> String {
        let keys: Vec<String> =
            (1..=count).map(|at| format!("{at}{}", self.pick(&["", " DESC", ""]))).collect();
        keys.join(", ")
    }

    /// UNION, INTERSECT, EXCEPT.
    fn set_operation(&mut self, want: Option<&[Class]>, around: &Scope, depth: u32, place: Place) -> Query {
        let mine: Vec<Class> = (0..1 + self.below(3))
            .map(|_| {
                let table = self.table();
                let column = self.below(table.columns.len());
                table.columns[column].class
            })
            .map(|class| if class.is_plain() { class } else { Class::Int })
            .collect();
        let classes = want.map_or(mine, <[Class]>::to_vec);
        let vague = classes.iter().any(|class| class.is_vague());
        let count = 2 + usize::from(self.one_in(4));
        let mut tree = Tree::none();
        let mut outputs = Vec::new();
        for number in 0..count {
            let block = self.block(Some(&classes), around, depth.saturating_sub(1), Place::Inner);
            let operator = match self.below(8) {
                _ if vague && place == Place::Inner => " UNION ALL ",
                0..3 => " UNION ALL ",
                3 | 4 => " UNION ",
                5 => " UNION DISTINCT ",
                6 => " INTERSECT ",
                _ => " EXCEPT ",
            };
            let parenthesised = self.one_in(4);
            let arm = if parenthesised { tree!["(", block.tree, ")"] } else { block.tree };
            tree = if number == 0 { arm } else { tree![tree, tree![operator, arm].maybe()] };
            if number == 0 {
                outputs = block.outputs;
            }
        }
        for (output, class) in outputs.iter_mut().zip(&classes) {
            output.class = *class;
        }
        if place == Place::Top {
            self.loose |= vague;
            if self.one_in(2) {
                let order = self.by_position(classes.len());
                let limit =
                    if self.one_in(2) { format!(" LIMIT {}", 1 + self.below(9)) } else { String::new() };
                tree = tree![tree, tree![format!(" ORDER BY {order}"), Tree::from(limit).maybe()].maybe()];
            }
        }
        Query { tree, outputs }
    }

    /// WITH, and the names that it gives.
    fn with(&mut self) -> Tree {
        let mut parts = Vec::new();
        let mut recursive = false;
        for _ in 0..1 + self.below(2) {
            let name = self.name("w");
            let (tree, outputs) = match self.below(4) {
                0 => {
                    recursive = true;
                    self.recursive(&name)
                }
                _ => {
                    let query = self.inner(None, &Scope::default(), 1);
                    (query.tree, query.outputs)
                }
            };
            parts.push(tree![format!("{name} AS ("), tree, ")"]);
            self.named.push(Named { name, outputs });
        }
        let word = if recursive { "WITH RECURSIVE " } else { "WITH " };
        tree![word, Tree::list(parts, ", "), " "]
    }

    /// A chain of rows by `p`, or numbers.
    fn recursive(&mut self, name: &str) -> (Tree, Vec<Ref>) {
        let int = |text: &str| Ref { text: text.to_owned(), class: Class::Int };
        if self.one_in(3) {
            let most = 3 + self.below(5);
            let text = format!("SELECT 1 AS c1 UNION ALL SELECT c1 + 1 FROM {name} WHERE c1 < {most}");
            return (text.into(), vec![int("c1")]);
        }
        let (first, second) = (self.table(), self.table());
        let (from, scope) = self.base(first);
        let filter = tree![" WHERE ", self.predicate(&scope, 0)].maybe();
        let alias = scope.order[0].trim_end_matches(".id").to_owned();
        let step = self.name("r");
        let on = self.pick(&["id = w.c2", "p = w.c1"]);
        let tree = tree![
            format!("SELECT {alias}.id AS c1, {alias}.p AS c2, 0 AS c3 FROM "),
            from,
            filter,
            format!(
                " UNION ALL SELECT {step}.id, {step}.p, w.c3 + 1 FROM {} {step} JOIN {name} w ON {step}.{on} WHERE w.c3 < 3",
                second.name
            )
        ];
        (tree, vec![int("c1"), int("c2"), int("c3")])
    }
}
