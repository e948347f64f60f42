//! Whose records someone sees: part of the query itself, so that no page can forget it.

/// Pushes what limits a query to the records its reader may see, by the column that names the person they are about.
macro_rules! within {
    ($query:expr, $who:expr, $column:literal) => {
        if !$who.sees_everyone() {
            // Who has no role has nothing, her own neither.
            let own = $who.staff.filter(|_| !$who.roles.is_empty()).map(|id| id.0);
            $query.push(concat!(" and (", $column, " = ")).push_bind(own);
            if $who.has($crate::model::principal::Role::Reviewer) {
                $query
                    .push(concat!(" or ", $column, " in (select s.staff from review_scope s where s.reviewer = "))
                    .push_bind(own)
                    .push(")");
            }
            $query.push(")");
        }
    };
}
pub(super) use within;
