//! The demo project: the same at every start, its keys made again rather than kept.

use authmint_domain::{
    model::{
        api_key::{development_nonce, mint},
        key_ring::{KeyRing, sha256},
        policy::Policy,
        project::{ApiKeyRecord, Callers, Project, Scope},
    },
    port::{Clock, Store as _, StoreError},
};
use authmint_protocol::{
    api_key::{ApiKey, Environment, TEST_VECTOR_KEY, Usage},
    id::ApiKeyId,
    secret::ApiKeyText,
};
use authmint_store::Store;

/// The demo project's keys.
pub(crate) struct DemoKeys {
    /// The project.
    pub(crate) project: Project,
    /// The public test vector of existing clients: they insist on its signature.
    pub(crate) client: ApiKeyText,
    /// A server key of our own.
    pub(crate) server: ApiKeyText,
}

/// Registers project and keys; a repeat changes nothing but the policy.
pub(crate) async fn register(
    store: &Store,
    ring: &KeyRing,
    policy: Policy,
    clock: &impl Clock,
) -> Result<DemoKeys, StoreError> {
    let vector = ApiKey::parse(TEST_VECTOR_KEY).expect("the published test vector is a key");
    let project = Project {
        id: vector.project_id,
        name: "authmint demo".into(),
        environment: Environment::Development,
        policy,
        not_before: None,
        created_at: clock.now(),
    };
    store.put_project(project.clone()).await?;

    let nonce = development_nonce(ring, Usage::Server, project.id);
    let server = mint(ring, Usage::Server, Environment::Development, project.id, nonce);
    let client = ApiKeyText::new(TEST_VECTOR_KEY.to_owned());
    for (text, usage, callers) in
        [(&client, Usage::Client, Callers::LoopbackOrigins), (&server, Usage::Server, Callers::Any)]
    {
        let hash = sha256(text.reveal().as_bytes());
        let record = ApiKeyRecord {
            id: ApiKeyId::from_random(*hash.first_chunk().expect("a hash has 32 bytes")),
            hash,
            project_id: project.id,
            usage,
            scopes: vec![Scope::UsersCreate, Scope::UsersRead, Scope::FeedRead],
            callers,
            created_at: project.created_at,
            last_used_at: None,
            revoked_at: None,
        };
        store.put_api_key(record).await?;
    }
    Ok(DemoKeys { project, client, server })
}
