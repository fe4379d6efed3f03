//! The code of the two READMEs at the top of the repository, run as doc tests. It is done here and not in a published
//! crate because a package holds no file from outside its own folder.

#[doc = include_str!("../../README.md")]
struct English;

#[doc = include_str!("../../README.es.md")]
struct Spanish;
