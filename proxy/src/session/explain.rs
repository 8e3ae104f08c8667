//! EXPLAIN: which groups and physical tables a statement takes, how its answers combine, and why.

use std::borrow::Cow;

use ostrakon_router::RouterError;
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::parse::hint::Target;
use ostrakon_router::plan::{Combine, Execution, Plan, RoutedPlan, TableName};

use super::dispatch::Input;
use super::result::{Cell, CellType, ResultSet};
use super::{Failure, Session};

impl Session {
    /// One row for each physical statement. Nothing is executed.
    pub async fn explain(&mut self, inner: &[u8]) -> Result<ResultSet, Failure> {
        let mut template = Template::default();
        lexer::scan(inner, self.mode, &mut template)?;
        let text = inner.get(..template.length).unwrap_or_default();
        let hint = self.hint.clone();
        let (plan, expanded) = self.plan_expanded(text, &template).await?;
        let (text, template) = match expanded {
            Some(expanded) => (Cow::Owned(expanded.text), expanded.template),
            None => (Cow::Borrowed(text), template),
        };
        let text = text.as_ref();
        let mut set = ResultSet::text(&["GROUP_NAME", "PHYSICAL_TABLES", "MODE", "REASON", "STATEMENT"]);
        match &*plan {
            Plan::Routed(plan) => {
                if let Some(Target::Scan(scan)) = hint.as_ref().and_then(|hint| hint.target.as_ref()) {
                    let mut execution = Execution::default();
                    let input = Input { text, template: &template, values: None };
                    self.scan_into(plan, scan, input, &mut execution)?;
                    push_statements(&mut set, plan, &execution, "scan", "the hint SCAN");
                    return Ok(set);
                }
                let input = Input { text, template: &template, values: None };
                // They are worked out on a table of their own, which goes again.
                let keys = self.generated_keys(plan, input).await?;
                let mut arguments = self.text_arguments(input);
                arguments.keys = &keys;
                let mut execution = Execution { forbids_scans: self.forbids_scans(), ..Execution::default() };
                // Example values: EXPLAIN takes none from the sequence.
                let generated: Vec<u64> = match &plan.sequence {
                    Some(_) => (1..=plan.sequence_values(&arguments)? as u64).collect(),
                    None => Vec::new(),
                };
                arguments.generated = &generated;
                let nextvals = vec![1; plan.nextvals.len()];
                arguments.nextvals = &nextvals;
                plan.route_into(&arguments, &mut execution)?;
                if let (true, Combine::Gather(gather)) = (execution.gathers, &plan.combine) {
                    let input = Input { text, template: &template, values: None };
                    set.columns.extend(
                        ["EXPECTED_ROWS", "EXPECTED_BYTES"].map(|name| (name.to_owned(), CellType::Integer)),
                    );
                    for row in Box::pin(self.explain_gathered(gather, plan, input)).await? {
                        let tables = physical_tables(&row.statement, &row.names);
                        let group = if row.group.is_empty() { "(gather)".to_owned() } else { row.group };
                        let mut reason = gather.reason.to_string();
                        if !row.links.is_empty() {
                            reason = format!(
                                "{reason}; when they are few, only rows with the values of {}",
                                row.links.join(", ")
                            );
                        }
                        if let Some(refused) = row.refused {
                            reason = match row.links.is_empty() {
                                true => refused,
                                false => format!("{reason}; when they are many, it {refused}"),
                            };
                        }
                        let cells =
                            [group, tables, "gather".to_owned(), reason, row.statement].map(Cell::from);
                        let expected = match row.expected {
                            Some(expected) => [expected.rows.into(), expected.bytes.into()],
                            None => [Cell(None), Cell(None)],
                        };
                        let [a, b, c, d, e] = cells;
                        let [rows, bytes] = expected;
                        set.push([a, b, c, d, e, rows, bytes]);
                    }
                    return Ok(set);
                }
                if let (true, Combine::RowsFirst(rows_first)) = (execution.gathers, &plan.combine) {
                    let (query, steps) = (rows_first.query(&arguments), rows_first.steps(&arguments));
                    return Box::pin(self.explain_rows_first(&query, &steps, rows_first.reason())).await;
                }
                let mode = match (&plan.combine, execution.statements.len()) {
                    (_, 0 | 1) => "pass",
                    (Combine::Rows(_), _) => "merge",
                    (Combine::Counts, _) => "scatter",
                    (Combine::Broadcast, _) => "broadcast",
                    (Combine::Gather(_), _) => "gather",
                    (Combine::RowsFirst(_), _) => "rows first",
                    (Combine::Never(_), _) => "refused",
                };
                let reason = match (&plan.combine, execution.statements.len()) {
                    (_, 0 | 1) => "one physical table in one group answers",
                    (Combine::Never(reason), _) => reason,
                    _ => &plan.reason,
                };
                let refused = self.refused(plan, &execution);
                push_statements(&mut set, plan, &execution, mode, refused.as_deref().unwrap_or(reason));
            }
            Plan::Command(_) | Plan::Views(_) => {
                set.push(["".into(), "".into(), "session".into(), "the session answers".into(), "".into()]);
            }
            Plan::Load(_) => return Err(RouterError::syntax("EXPLAIN of LOAD DATA").into()),
            Plan::Ddl(_) => {
                set.push([
                    "".into(),
                    "".into(),
                    "ddl".into(),
                    "runs on every physical table".into(),
                    "".into(),
                ]);
            }
        }
        Ok(set)
    }

    /// The statements of the query that gives the rows, then what is written for each of them.
    async fn explain_rows_first(
        &mut self,
        query: &[u8],
        steps: &[Vec<u8>],
        reason: &str,
    ) -> Result<ResultSet, Failure> {
        let mut set = self.explain(query).await?;
        for step in steps {
            let statement = String::from_utf8_lossy(step).into_owned();
            let mut cells: Vec<Option<Vec<u8>>> =
                ["(where each row belongs)", "", "rows first", reason, &statement]
                    .map(|cell| Some(cell.as_bytes().to_vec()))
                    .into();
            cells.resize(set.columns.len(), None);
            set.rows.push(cells);
        }
        Ok(set)
    }
}

fn push_statements(set: &mut ResultSet, plan: &RoutedPlan, execution: &Execution, mode: &str, reason: &str) {
    for statement in &execution.statements {
        let group = plan.database.as_ref().and_then(|d| d.groups.get(statement.group));
        let group = group.map_or("(any)", |g| g.name.as_str());
        let physical = String::from_utf8_lossy(execution.text(statement)).into_owned();
        let tables = physical_tables(&physical, &plan.tables);
        set.push([group.into(), tables.into(), mode.into(), reason.into(), physical.into()]);
    }
}

/// Names of the physical tables in a statement: quoted words that start as those of its logical tables do.
fn physical_tables(statement: &str, tables: &[TableName]) -> String {
    let mut names: Vec<&str> = statement
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| tables.iter().any(|t| word.starts_with(&*t.physical_prefix)))
        .collect();
    names.dedup();
    names.join(", ")
}
