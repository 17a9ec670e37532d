//! Users and permissions that somebody else knows, and logins that fail, as files say.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wamp_proto::auth::cra;

use crate::common::tls::Authority;
use crate::common::{Client, http, soon};
use crate::program::Folder;

/// A node where `com.authenticate` and a web service know the users of `/ws`, and `com.authorize` says what they may do.
/// Whoever offers these comes in at `/inner`.
fn file(webhook: SocketAddr) -> String {
    format!(
        "version: 2
workers:
- type: router
  options: {{trusted_proxies: [127.0.0.1]}}
  limits: {{failed_logins: 2}}
  realms:
  - name: realm1
    roles:
    - {{name: backend, allow-by-default: true}}
    - {{name: guest, authorizer: com.authorize}}
  transports:
  - type: web
    endpoint: {{type: tcp, interface: 127.0.0.1, port: 0}}
    paths:
      inner: {{type: websocket, auth: {{ticket: {{type: static, principals: {{service: {{ticket: s3cret, role: backend}}}}}}}}}}
      ws:
        type: websocket
        auth:
          wampcra: {{type: dynamic, authenticator: com.authenticate, authenticator-realm: realm1}}
          ticket: {{type: webhook, url: 'http://{webhook}/login', secret: t0ken, default-role: guest}}
"
    )
}

/// Says HELLO at a path, behind a proxy that says where it comes from, and gives the answer.
async fn hello(address: SocketAddr, path: &str, from: &str, realm: Value, details: Value) -> (Client, Value) {
    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/{path}");
    let mut client = Client::over(stream, &url, "wamp.2.json", &[("x-forwarded-for", from)]).await.unwrap();
    let mut details = details;
    details["roles"] = json!({"publisher": {}, "subscriber": {}, "caller": {}, "callee": {}});
    client.send(json!([1, realm, details])).await;
    let answer = client.receive().await;
    (client, answer)
}

/// The program that offers the procedures.
async fn service(address: SocketAddr) -> Client {
    let details = json!({"authmethods": ["ticket"], "authid": "service"});
    let (mut client, _) = hello(address, "inner", "192.0.2.9", json!("realm1"), details).await;
    client.send(json!([5, "s3cret", {}])).await;
    assert_eq!(client.receive().await[0], 2);
    for (request, procedure) in [(1, "com.authenticate"), (2, "com.authorize")] {
        client.send(json!([64, request, {}, procedure])).await;
        assert_eq!(client.receive().await[0], 65);
    }
    client
}

/// Answers the next call, and gives its arguments.
async fn answer(service: &mut Client, result: Value) -> Value {
    let invocation = service.receive().await;
    assert_eq!(invocation[0], 68, "{invocation}");
    service.send(json!([70, invocation[1], {}, [result]])).await;
    invocation[4].clone()
}

#[tokio::test]
async fn a_procedure_knows_the_users_and_another_what_they_may_do() {
    let folder = Folder::with("config.yaml", file(([127, 0, 0, 1], 1).into()));
    let program = folder.start("config.yaml");
    let mut service = service(program.address(0)).await;
    let peter = json!({"authmethods": ["wampcra"], "authid": "peter"});
    // It is the procedure that knows the realm.
    let principal = json!({"secret": "secret1", "role": "guest", "realm": "realm1", "extra": {"hello": "peter"}});
    let hello = hello(program.address(0), "ws", "192.0.2.1", Value::Null, peter);
    let ((mut client, challenge), asked) = tokio::join!(hello, answer(&mut service, principal));
    assert_eq!([&asked[0], &asked[1], &asked[2]["authmethod"]], [&Value::Null, &json!("peter"), &json!("wampcra")]);
    assert_eq!(asked[2]["transport"]["forwarded_for"], "192.0.2.1");
    let text = challenge[2]["challenge"].as_str().unwrap();
    client.send(json!([5, cra::sign("secret1", text), {}])).await;
    let welcome = client.receive().await;
    let who = ["authid", "authrole", "authprovider", "realm"].map(|key| &welcome[2][key]);
    assert_eq!(who, ["peter", "guest", "dynamic", "realm1"], "{welcome}");
    assert_eq!(welcome[2]["authextra"], json!({"hello": "peter"}));

    // What is sent while the first request is decided waits, in order.
    client.send(json!([32, 1, {}, "com.news"])).await;
    client.send(json!([16, 2, {"acknowledge": true}, "com.secret", []])).await;
    client.send(json!([16, 3, {"acknowledge": true}, "com.news", []])).await;
    for (decision, action, uri) in [
        (json!({"allow": true}), "subscribe", "com.news"),
        (json!(false), "publish", "com.secret"),
        (json!(7), "publish", "com.news"),
    ] {
        let asked = answer(&mut service, decision).await;
        assert_eq!([&asked[0]["authid"], &asked[1], &asked[2]], ["peter", uri, action]);
    }
    assert_eq!(client.receive().await[0], 33);
    assert_eq!(client.receive().await[4], "wamp.error.not_authorized");
    assert_eq!(client.receive().await[4], "wamp.error.authorization_failed");
    let warning = program.logged("the authorizer has to answer");
    assert!(warning.contains("WARN") && warning.contains("com.authorize"), "{warning}");
    assert_eq!(program.stop().code(), Some(0));
}

/// Takes one request, and answers it.
async fn serve(listener: &TcpListener, body: &str) -> String {
    answer_http(soon(listener.accept()).await.unwrap().0, "\"transport\"", body).await
}

/// Answers the request on a connection, once this of it has come.
async fn answer_http(mut stream: impl AsyncRead + AsyncWrite + Unpin, whole: &str, body: &str) -> String {
    let mut request = Vec::new();
    while !String::from_utf8_lossy(&request).contains(whole) {
        let mut buffer = [0; 4096];
        let count = soon(stream.read(&mut buffer)).await.unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&request));
        request.extend_from_slice(&buffer[..count]);
    }
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    String::from_utf8(request).unwrap()
}

#[tokio::test]
async fn a_web_service_knows_the_users() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = Folder::with("config.yaml", file(listener.local_addr().unwrap()));
    let program = folder.start("config.yaml");
    let ticket = json!({"authmethods": ["ticket"], "authid": "joe"});
    let (mut client, challenge) = hello(program.address(0), "ws", "192.0.2.1", json!("realm1"), ticket.clone()).await;
    assert_eq!(challenge, json!([4, "ticket", {}]));
    client.send(json!([5, "ticket-7", {}])).await;
    let request = serve(&listener, r#"{"allow": true, "authid": "joseph"}"#).await;
    assert!(request.starts_with("POST /login ") && request.contains("authorization: Bearer t0ken"), "{request}");
    assert!(request.contains(r#""ticket":"ticket-7""#) && request.contains(r#""realm":"realm1""#), "{request}");
    let welcome = client.receive().await;
    let who = ["authid", "authrole", "authprovider"].map(|key| &welcome[2][key]);
    assert_eq!(who, ["joseph", "guest", "webhook"], "{welcome}");
    // It is gone.
    drop(listener);
    let (mut client, _) = hello(program.address(0), "ws", "192.0.2.1", json!("realm1"), ticket).await;
    client.send(json!([5, "ticket-7", {}])).await;
    assert_eq!(client.receive().await[2], "wamp.error.authentication_failed");
    let warning = program.logged("an authenticator fails");
    assert!(warning.contains("WARN") && warning.contains("/login"), "{warning}");
}

/// A web service, and a web server behind the router, of a company that has an authority of its own.
#[tokio::test]
async fn other_servers_may_have_their_certificates_of_an_authority_of_ones_own() {
    let authority = Authority::new();
    let acceptor = authority.acceptor(&authority.certify("localhost"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let file = |trusted: &str| {
        format!(
            "version: 2
workers:
- type: router
  realms: [{{name: realm1, roles: [{{name: guest, allow-by-default: true}}]}}]
  transports:
  - type: web
    endpoint: {{type: tcp, interface: 127.0.0.1, port: 0}}
    paths:
      ws: {{type: websocket, auth: {{ticket: {{type: webhook, url: '{url}/login', default-role: guest{trusted}}}}}}}
      app: {{type: proxy, url: '{url}/'{trusted}}}
"
        )
    };
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                answer_http(stream, "\r\n\r\n", r#"{"allow": true}"#).await;
            });
        }
    });
    let trusted = format!(", ca_certificates: ['{}']", authority.certificate().display());
    for (trusted, status, outcome) in [(&*trusted, 200, json!(2)), ("", 502, json!(3))] {
        let folder = Folder::with("config.yaml", file(trusted));
        let program = folder.start("config.yaml");
        let address = program.address(0);
        let get = http(address, &format!("GET /app/ HTTP/1.1\r\nhost: {address}"), b"").await;
        assert_eq!(get.status, status, "{get:?}");
        let details = json!({"authmethods": ["ticket"], "authid": "joe"});
        let (mut client, _) = hello(address, "ws", "192.0.2.1", json!("realm1"), details).await;
        client.send(json!([5, "ticket-7", {}])).await;
        assert_eq!(client.receive().await[0], outcome);
    }
}

#[tokio::test]
async fn a_procedure_that_does_not_answer_is_not_waited_for_longer_than_the_file_says() {
    let text = file(([127, 0, 0, 1], 1).into());
    let text = text.replace("authenticator-realm: realm1}", "authenticator-realm: realm1, timeout: 0.1}");
    let text = text.replace("authorizer: com.authorize}", "authorizer: com.authorize, authorizer-timeout: 0.1}");
    let folder = Folder::with("config.yaml", text);
    let program = folder.start("config.yaml");
    let mut service = service(program.address(0)).await;
    let peter = || json!({"authmethods": ["wampcra"], "authid": "peter"});
    let (_, refused) = hello(program.address(0), "ws", "192.0.2.1", json!("realm1"), peter()).await;
    assert_eq!(refused[2], "wamp.error.authentication_failed", "{refused}");
    assert_eq!(service.receive().await[0], 68);

    let principal = json!({"secret": "secret1", "role": "guest"});
    let hello = hello(program.address(0), "ws", "192.0.2.1", json!("realm1"), peter());
    let ((mut client, challenge), _) = tokio::join!(hello, answer(&mut service, principal));
    client.send(json!([5, cra::sign("secret1", challenge[2]["challenge"].as_str().unwrap()), {}])).await;
    assert_eq!(client.receive().await[0], 2);
    client.send(json!([32, 1, {}, "com.news"])).await;
    assert_eq!(client.receive().await[4], "wamp.error.authorization_failed");
}

#[tokio::test]
async fn who_fails_too_often_is_not_heard_for_a_while() {
    let folder = Folder::with("config.yaml", file(([127, 0, 0, 1], 1).into()));
    let program = folder.start("config.yaml");
    let address = program.address(0);
    let login = async |from: &'static str, ticket: &'static str| {
        let details = json!({"authmethods": ["ticket"], "authid": "service"});
        let (mut client, answer) = hello(address, "inner", from, json!("realm1"), details).await;
        if answer[0] != 4 {
            return answer;
        }
        client.send(json!([5, ticket, {}])).await;
        client.receive().await
    };
    for _ in 0..2 {
        assert_eq!(login("192.0.2.1", "s3cret").await[0], 2);
        assert_eq!(login("192.0.2.1", "guess").await[2], "wamp.error.authentication_denied");
    }
    let refused = login("192.0.2.1", "s3cret").await;
    assert_eq!(refused[2], "router.error.limit_exceeded");
    let message = refused[1]["message"].as_str().unwrap();
    assert!(message.starts_with("too many logins from this address have failed; try again in "), "{message}");
    let warning = program.logged("too many failed logins");
    assert!(warning.contains("WARN") && warning.contains("192.0.2.1"), "{warning}");
    assert_eq!(login("192.0.2.2", "s3cret").await[0], 2, "others are heard");
}
