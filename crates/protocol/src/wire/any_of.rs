//! Values of more than one shape, such as `tool_choice`: a word or an object.

/// Declares an enum of shapes. The first one that fits is taken.
macro_rules! any_of {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident ($expected:literal) { $( $(#[$shape_meta:meta])* $shape:ident($ty:ty), )* }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "members of sessions, which are few")]
        pub enum $name { $( $(#[$shape_meta])* $shape($ty), )* }

        impl $crate::wire::Decode<'_> for $name {
            fn decode(json: $crate::wire::Json<'_>, dialect: $crate::Dialect) -> Option<Self> {
                $( if let Some(value) = <$ty as $crate::wire::Decode>::decode(json, dialect) {
                    return Some(Self::$shape(value));
                } )*
                None
            }
        }

        impl $crate::wire::Encode for $name {
            fn expected() -> &'static str {
                $expected
            }

            fn encode(&self, dialect: $crate::Dialect) -> $crate::wire::Node<'_> {
                match self { $( Self::$shape(value) => value.encode(dialect), )* }
            }

            fn spots(&self, spots: &mut $crate::wire::Spots) {
                match self { $( Self::$shape(value) => value.spots(spots), )* }
            }
        }

        $( impl From<$ty> for $name {
            fn from(value: $ty) -> Self {
                Self::$shape(value)
            }
        } )*
    )*};
}
pub(crate) use any_of;
