//! The tools that the search at the top finds by name or by any step of their path.

/// A page that stands under a name in the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tool {
    pub name: &'static str,
    pub href: &'static str,
    /// Where it stands; shown beside the name.
    pub path: &'static str,
    /// Where people knew it before; only searched.
    former_path: &'static str,
}

const TOOLS: [Tool; 5] = [
    Tool {
        name: "User Session Manager",
        href: "/sessions",
        path: "User Management › User Account Administration",
        former_path: "System Administration › User Security › User Preference Management",
    },
    Tool { name: "User Account Information", href: "/accounts", path: "User Management › User Account Administration", former_path: "" },
    Tool { name: "History", href: "/history", path: "User Management › User Account Administration", former_path: "" },
    Tool { name: "Help", href: "/help", path: "User Management › User Account Administration", former_path: "" },
    Tool { name: "My account", href: "/me", path: "", former_path: "" },
];

/// Tools whose name or path, as it is or as it was, holds the text, whatever its case. Those found by name come first.
pub fn matching(text: &str) -> Vec<Tool> {
    // `>` is what a keyboard has for `›`.
    // The names are English: the tables of all the world's letters stay out of the browser.
    let text = text.trim().to_ascii_lowercase().replace('>', "›");
    if text.is_empty() {
        return Vec::new();
    }
    let holds = |place: &str| place.to_ascii_lowercase().contains(&text);
    let (mut found, others): (Vec<_>, Vec<_>) = TOOLS.into_iter().partition(|tool| holds(tool.name));
    found.extend(others.into_iter().filter(|tool| holds(tool.path) || holds(tool.former_path)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        matching(text).into_iter().map(|tool| tool.name).collect()
    }

    #[test]
    fn a_tool_is_found_by_its_name_in_any_case() {
        assert_eq!(names(" session MANAGER "), ["User Session Manager"]);
    }

    #[test]
    fn a_tool_is_found_by_every_step_of_its_path_as_it_is_and_as_it_was() {
        for step in ["User Management", "account administration", "System Administration", "user security", "User Preference Management"] {
            assert!(names(step).contains(&"User Session Manager"), "{step}");
        }
        assert_eq!(names("system administration > user security"), ["User Session Manager"]);
    }

    #[test]
    fn names_come_before_paths() {
        assert_eq!(names("account")[..2], ["User Account Information", "My account"]);
    }

    #[test]
    fn nothing_typed_or_nothing_known_finds_nothing() {
        assert!(names("  ").is_empty());
        assert!(names("gradebook").is_empty());
    }
}
