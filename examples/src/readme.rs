//! The code of the pages of the repository, run as doc tests. This is not in a published crate because a package
//! contains no files from outside its own folder.

#[doc = include_str!("../../README.md")]
struct Readme;

#[doc = include_str!("../../README.es.md")]
struct ReadmeInSpanish;

#[doc = include_str!("../README.md")]
struct Examples;

#[doc = include_str!("../../webhook-core/README.md")]
struct Core;

#[doc = include_str!("../../webhook-tower/README.md")]
struct Tower;

#[doc = include_str!("../../webhook-axum/README.md")]
struct Axum;

#[doc = include_str!("../../webhook-actix/README.md")]
struct Actix;

#[doc = include_str!("../../webhook-stores/README.md")]
struct Stores;

#[doc = include_str!("../../docs/senders.md")]
struct Senders;

#[doc = include_str!("../../docs/answering.md")]
struct Answering;

#[doc = include_str!("../../docs/once.md")]
struct Once;

#[doc = include_str!("../../docs/operations.md")]
struct Operations;

#[doc = include_str!("../../docs/security.md")]
struct Security;

#[doc = include_str!("../../docs/testing.md")]
struct Testing;

#[doc = include_str!("../../docs/writing-a-sender.md")]
struct WritingASender;

#[doc = include_str!("../../docs/es/emisores.md")]
struct SendersInSpanish;

#[doc = include_str!("../../docs/es/respuestas.md")]
struct AnsweringInSpanish;
