//! Which names the service answers to.
//!
//! No link is ever built from a `Host` or `X-Forwarded-*` header; development mode also refuses foreign names, so
//! that a page whose own name was pointed at this machine (DNS rebinding) cannot read the inbox.

use super::problem::Problem;
use crate::app::public_url::is_loopback_name;
use authmint_protocol::ErrorCode;
use axum::extract::Request;
use http::header;
use std::net::IpAddr;

/// Insists on one `Host` at most, and on a loopback name if `loopback_only`.
pub(crate) fn check(request: &Request, loopback_only: bool) -> Result<(), Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(Problem::new(ErrorCode::ParameterInvalid, "a request has one Host header"));
    }
    if !loopback_only {
        return Ok(());
    }
    let named = host.map(|host| host.to_str().unwrap_or("?"));
    let target = request.uri().authority().map(|authority| authority.as_str());
    if [named, target].into_iter().flatten().all(is_loopback_host) {
        Ok(())
    } else {
        Err(Problem::new(
            ErrorCode::OriginNotAllowed,
            "this service runs in development mode and answers to loopback names only, such as localhost",
        ))
    }
}

fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    match name.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => is_loopback_name(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_hosts_are_names_and_numbers_of_this_machine() {
        for good in
            ["localhost", "LOCALHOST:8420", "127.0.0.1:1", "127.9.9.9", "[::1]:8420", "app.localhost:3"]
        {
            assert!(is_loopback_host(good), "{good}");
        }
        for bad in
            ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", "[::2]"]
        {
            assert!(!is_loopback_host(bad), "{bad}");
        }
    }
}
