//! Labels of information_schema's columns: MySQL has them in upper case however the statement writes them, where another table's are as written.

use super::super::layout::Layout;
use super::super::text::{Edit, text};
use super::super::tree::Column;
use super::Gatherer;
use crate::sharding::topology::quote;

impl Gatherer<'_> {
    /// Aliases for select-list columns of tables that the node brings.
    pub(super) fn system_labels(&self) -> Vec<Edit> {
        let mut labels = Vec::new();
        if self.request.mode.server.mariadb || !self.analysis.is_apart() {
            return labels;
        }
        for block in &self.analysis.blocks {
            let Some(select) = self.tokens.at_byte(block.start) else { continue };
            for item in Layout::new(self.tokens, select).items {
                let Some(last) = item.end.checked_sub(1).filter(|last| *last >= item.start) else { continue };
                let (start, end) = (self.tokens.start(item.start), self.tokens.end(last));
                let named = self.binder.mentions.iter().find(|(scope, parts)| {
                    *scope == block.scope
                        && parts.first().is_some_and(|first| first.span.start == start)
                        && parts.last().is_some_and(|last| last.span.end == end && last.text != "*")
                });
                let Some((scope, parts)) = named else { continue };
                let column = Column { parts: parts.clone() };
                if self.binder.has_upper_label(*scope, &column) {
                    let label = quote(&column.name().to_ascii_uppercase());
                    labels.push(Edit::new(end..end, vec![text(format!(" AS {label}"))]));
                }
            }
        }
        labels
    }
}
