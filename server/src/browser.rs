//! Browsers by name: enough to tell one's own sessions apart, nothing to decide by.

/// `Chrome 99 · Windows` from a `User-Agent` header; what is not known is left out, and a program that names itself keeps its name.
pub fn name(user_agent: &str) -> String {
    let browser = BROWSERS.iter().find_map(|(token, name)| Some(versioned(name, after(user_agent, token)?)));
    let system = SYSTEMS.iter().find(|(token, _)| user_agent.contains(token)).map(|(_, name)| *name);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        (Some(browser), None) => browser,
        (None, Some(system)) => system.into(),
        (None, None) => program(user_agent),
    }
}

/// In the order in which they are told apart: nearly every browser also claims to be those below it.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];

/// Phones first: Android says Linux too, and an iPhone says Mac OS.
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

fn after<'a>(text: &'a str, token: &str) -> Option<&'a str> {
    text.find(token).map(|at| &text[at + token.len()..])
}

/// The name with the major version that begins the text.
fn versioned(name: &str, text: &str) -> String {
    let major: String = text.chars().take_while(char::is_ascii_digit).take(4).collect();
    if major.is_empty() { name.into() } else { format!("{name} {major}") }
}

/// `curl/8.5.0` as `curl 8`, anything else as nothing.
fn program(user_agent: &str) -> String {
    let name: String = user_agent.chars().take_while(|char| char.is_ascii_alphanumeric() || "-_.".contains(*char)).take(40).collect();
    match user_agent[name.len()..].strip_prefix('/') {
        Some(version) if !name.is_empty() => versioned(&name, version),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn browsers_read_as_people_call_them() {
        for (user_agent, shown) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.51 Safari/537.36",
                "Chrome 99 · Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91",
                "Edge 120 · Windows",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0", "Firefox 121 · Linux"),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
                "Safari 17 · macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
                "Safari 17 · iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36",
                "Chrome 112 · Android",
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36",
                "Chrome 114 · ChromeOS",
            ),
            ("curl/8.5.0", "curl 8"),
            ("", ""),
            ("<script>alert(1)</script>", ""),
            ("Chrome/é", "Chrome"),
            ("Ünïcode/1", ""),
        ] {
            assert_eq!(super::name(user_agent), shown, "{user_agent}");
        }
    }
}
