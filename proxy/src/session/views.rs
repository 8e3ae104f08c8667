//! Statements that name views: planned again with the views' queries in the names' places.

use std::rc::Rc;

use ostrakon_router::lexer::{self, Template};
use ostrakon_router::plan::{Expansion, Plan};
use ostrakon_router::value::Value;

use super::dispatch::Input;
use super::{Failure, Session};
use crate::backend::settings::default_charset;
use crate::error::SqlError;

/// A statement without views, for one that has them.
pub struct Expanded {
    pub text: Vec<u8>,
    pub template: Template,
}

impl Expanded {
    /// What is executed. Parameters are those of the client's statement, in the same order.
    pub fn input<'a>(&'a self, values: Option<&'a [Value<'a>]>) -> Input<'a> {
        Input { text: &self.text, template: &self.template, values }
    }
}

impl Session {
    /// The statement with the views' queries in it.
    ///
    /// Errors: 1235 for a view whose literals would have another collation than at its creation.
    pub(super) fn expanded(
        &self,
        expansion: &Expansion,
        text: &[u8],
        template: &Template,
    ) -> Result<Expanded, Failure> {
        self.refuse_hidden_in_views(expansion)?;
        let own = self.charset_setting("collation_connection");
        if let Some((view, made_with)) = expansion.collations.iter().find(|(_, made_with)| *made_with != own)
        {
            return Err(SqlError::not_supported(format!(
                "view '{view}' with collation_connection = {own}: its literals were written with {made_with}"
            ))
            .into());
        }
        let text = expansion.text(text, &template.holes);
        let mut template = Template::default();
        lexer::scan(&text, self.mode, &mut template)?;
        Ok(Expanded { text, template })
    }

    /// A client's statement's plan, which the account may carry out; with the text that it is of, where that is not the client's.
    pub(super) async fn plan_expanded(
        &mut self,
        text: &[u8],
        template: &Template,
    ) -> Result<(Rc<Plan>, Option<Expanded>), Failure> {
        let plan = self.plan_caught_up(text, template).await?;
        self.authorize(&plan).await?;
        let Plan::Views(expansion) = &*plan else { return Ok((plan, None)) };
        let expanded = self.expanded(expansion, text, template)?;
        let plan = self.plan_caught_up(&expanded.text, &expanded.template).await?;
        self.authorize_expanded(&plan).await?;
        Ok((plan, Some(expanded)))
    }

    /// The same for a statement of the node's own, which nobody asks about.
    pub async fn plan_own_expanded(
        &mut self,
        text: &[u8],
        template: &Template,
    ) -> Result<(Rc<Plan>, Option<Expanded>), Failure> {
        let plan = self.plan_caught_up(text, template).await?;
        let Plan::Views(expansion) = &*plan else { return Ok((plan, None)) };
        let expanded = self.expanded(expansion, text, template)?;
        let plan = self.plan_caught_up(&expanded.text, &expanded.template).await?;
        Ok((plan, Some(expanded)))
    }

    /// `character_set_client`, `collation_connection`, as the session has it.
    pub(super) fn charset_setting(&self, name: &str) -> String {
        match self.settings.get(name) {
            Some(literal) => literal.trim_matches('\'').to_owned(),
            None => default_charset(name).to_owned(),
        }
    }
}
