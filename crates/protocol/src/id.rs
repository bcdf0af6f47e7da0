//! Identifiers, one type for each so that they never mix.
//!
//! All are opaque: the service's own are a prefix and 21 letters and digits, but nothing may depend on it.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Dialect;
use crate::wire::{Decode, Encode, Json, Member, Node};

macro_rules! ids {
    ($( $(#[$meta:meta])* pub struct $name:ident; )*) => {$(
        $(#[$meta])*
        ///
        /// Cloning is cheap: clones share the text.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id.into())
            }
        }

        impl From<&str> for Member<$name> {
            fn from(id: &str) -> Self {
                Self::Value(id.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }

        impl Decode<'_> for $name {
            fn decode(json: Json<'_>, _: Dialect) -> Option<Self> {
                json.unquote().map(|id| Self(id.into()))
            }
        }

        impl Encode for $name {
            fn expected() -> &'static str {
                "an id"
            }

            fn encode(&self, _: Dialect) -> Node<'_> {
                Node::Text(&self.0)
            }
        }
    )*};
}

ids! {
    /// Names one event. The server mints one for each of its events; a client may give its own events one
    /// (at most 512 characters), and only an `error` they cause repeats it.
    pub struct EventId;
    /// Names a session. Minted by the server in `session.created`.
    pub struct SessionId;
    /// Names a conversation. Minted by the server; null marks an out-of-band response.
    pub struct ConversationId;
    /// Names an item. Minted by the server, or by the client in `conversation.item.create` (at most 32
    /// characters). Speech events name an item before it exists.
    pub struct ItemId;
    /// Names a response. Minted by the server in `response.created`.
    pub struct ResponseId;
    /// Ties a `function_call` to its `function_call_output`. Minted by the server with the call; not the
    /// id of the call's item.
    pub struct CallId;
}
