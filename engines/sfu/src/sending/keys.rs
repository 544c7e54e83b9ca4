//! The SRTP keys of a connection, overheard where its DTLS hands them to the
//! stack (RFC 5764 4.2), so that what we seal is what the peer expects.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Instant;

use str0m::config::{CryptoProvider, DtlsCert};
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion, SrtpProfile,
};

/// What a handshake came to.
pub(crate) struct Keys {
    /// Client key, server key, client salt, server salt.
    pub(super) material: Vec<u8>,
    pub(super) profile: SrtpProfile,
    /// Whether this end was the client.
    pub(super) active: bool,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({:?})", self.profile)
    }
}

/// Where the keys of one connection appear once its handshake is through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overheard(Arc<OnceLock<Keys>>);

impl Overheard {
    #[cfg(test)]
    pub(super) fn known(keys: Keys) -> Overheard {
        Overheard(Arc::new(OnceLock::from(keys)))
    }

    pub(super) fn keys(&self) -> Option<&Keys> {
        self.0.get()
    }

    /// Where the keys of the connection appear that was last made on this thread.
    pub(crate) fn last_made() -> Overheard {
        LAST_MADE.take()
    }
}

thread_local! {
    static LAST_MADE: RefCell<Overheard> = RefCell::default();
}

#[derive(Debug)]
struct Listening(&'static dyn DtlsProvider);

/// The stack's own cryptography, listened to.
pub(crate) fn listening() -> CryptoProvider {
    static PROVIDER: LazyLock<Listening> =
        LazyLock::new(|| Listening(str0m::crypto::from_feature_flags().dtls_provider));
    CryptoProvider { dtls_provider: &*PROVIDER, ..str0m::crypto::from_feature_flags() }
}

impl DtlsProvider for Listening {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        self.0.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let overheard = Overheard::default();
        let inner = self.0.new_dtls(cert, now, version, mtu)?;
        LAST_MADE.set(overheard.clone());
        Ok(Box::new(Connection { inner, overheard }))
    }
}

#[derive(Debug)]
struct Connection {
    inner: Box<dyn DtlsInstance>,
    overheard: Overheard,
}

impl DtlsInstance for Connection {
    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = self.inner.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            let keys = Keys { material: material.to_vec(), profile: *profile, active: self.inner.is_active() };
            // A connection has one handshake; its keys stay.
            let _ = self.overheard.0.set(keys);
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.inner.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.inner.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.inner.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.inner.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.inner.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.inner.close()
    }
}
