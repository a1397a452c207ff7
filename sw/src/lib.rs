//! sw
