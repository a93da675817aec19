//! One look at an issuer: its discovery document where one names the key set, then the key set.

use authmint_domain::port::{IssuerKeysError, KeySource, Outgoing};
use authmint_protocol::{
    issuer::{KeyPlace, discovery},
    jwk::KeySet,
};

pub(super) async fn key_set(outgoing: &impl Outgoing, source: &KeySource) -> Result<KeySet, IssuerKeysError> {
    let url = match &source.place {
        KeyPlace::KeySet(url) => url.clone(),
        KeyPlace::Discovery(url) => {
            let document = outgoing.get_json(&outgoing.url(url)?).await?;
            discovery::jwks_uri(&document, &source.issuer)
                .map_err(|why| IssuerKeysError::Discovery { url: url.clone(), why })?
        }
    };
    let document = outgoing.get_json(&outgoing.url(&url)?).await?;
    KeySet::parse(&document).map_err(|why| IssuerKeysError::KeySet { url, why })
}
