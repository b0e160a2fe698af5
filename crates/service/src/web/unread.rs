//! Bodies that are not read to their end, because the request was refused before. The framework closes such a connection
//! after the answer, unless the body is chunked: then it waits for the rest of it, without any time limit
//! (actix-http 3.20, `should_close_for_unread_payload`). It closes that one too as long as somebody still holds the body,
//! so somebody does for a while.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::header,
    middleware::Next,
    rt,
    web::Bytes,
};
use futures_core::Stream;

/// How long a body is held after its answer was made; the framework looks at it when the answer has been sent.
const HELD: Duration = Duration::from_secs(5);

/// A body that the one who reads it shares with the one who holds it.
#[derive(Clone)]
struct Held {
    payload: Rc<RefCell<Payload>>,
    is_read: Rc<Cell<bool>>,
}

impl Stream for Held {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut *self.payload.borrow_mut()).poll_next(context);
        if matches!(next, Poll::Ready(None)) {
            self.is_read.set(true);
        }
        next
    }
}

/// The middleware.
///
/// # Errors
/// Those of the services inside.
pub async fn hold<B: MessageBody>(mut req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    if !req.headers().contains_key(header::TRANSFER_ENCODING) {
        return next.call(req).await;
    }
    let held = Held { payload: Rc::new(RefCell::new(req.take_payload())), is_read: Rc::default() };
    req.set_payload(Payload::Stream { payload: Box::pin(held.clone()) });
    let response = next.call(req).await;
    if !held.is_read.get() {
        // Nothing says when the framework has looked, so time has to.
        rt::spawn(async move {
            rt::time::sleep(HELD).await;
            drop(held);
        });
    }
    response
}
