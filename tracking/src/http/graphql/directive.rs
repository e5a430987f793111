//! The directive `@component(name: …)`, by which the web UI says which of its parts asks. It means nothing here.

use std::borrow::Cow;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::Directive;
use async_graphql::registry::{__DirectiveLocation, Deprecation, MetaDirective, MetaInputValue, Registry};
use async_graphql::{ContextDirective, CustomDirective, CustomDirectiveFactory, ServerResult};

const NAME: &str = "component";

/// Makes the directive known.
pub(super) struct Component;

impl CustomDirectiveFactory for Component {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(NAME)
    }

    fn register(&self, registry: &mut Registry) {
        let name = MetaInputValue {
            name: "name".to_owned(),
            description: None,
            ty: "String!".to_owned(),
            deprecation: Deprecation::NoDeprecated,
            default_value: None,
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            is_secret: false,
            directive_invocations: Vec::new(),
        };
        registry.add_directive(MetaDirective {
            name: NAME.to_owned(),
            description: None,
            locations: vec![__DirectiveLocation::QUERY, __DirectiveLocation::MUTATION],
            args: IndexMap::from([("name".to_owned(), name)]),
            is_repeatable: false,
            visible: None,
            composable: None,
        });
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        Ok(Box::new(Component))
    }
}

impl CustomDirective for Component {}
