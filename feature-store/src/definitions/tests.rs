//! Definitions against each other, and against their tables, on both databases.

mod fixture;

use std::path::Path;

use forebay_db::{Db, for_each_db};

use self::fixture::{REST, Store, which, write};
use super::change::What;
use crate::model::definition::Definition;
use crate::{Error, Locations, Moment};

async fn each_change_is_a_version_and_what_is_the_same_is_none(db: Db) {
    let store = Store::open(db);
    let created = store.apply(&store.yaml(&[])).await.unwrap();
    assert!(created.iter().all(|(_, what, version)| *what == What::Created && *version == 1), "{created:?}");
    let again = store.apply(&store.yaml(&[])).await.unwrap();
    assert!(again.iter().all(|(_, what, version)| *what == What::Unchanged && *version == 1), "{again:?}");
    let edits = [
        ("event_time: time_hour", "event_time: time_hour\n    ttl: 2h"),
        ("column: temperature}", "column: temperature, description: °F}"),
    ];
    let changed = store.apply(&store.yaml(&edits)).await.unwrap();
    let What::Changed(fields) = &changed[1].1 else { panic!("{changed:?}") };
    let told: Vec<_> =
        fields.iter().map(|it| (it.field.as_str(), it.from.as_deref(), it.to.as_deref())).collect();
    assert_eq!(told, [("features[temp].description", None, Some("\"°F\"")), ("ttl", None, Some("\"2h\""))]);
    assert_eq!(changed[1].2, 2);
    let history = store.features.history(&which("weather", None, None)).await.unwrap();
    assert_eq!(history.iter().map(|kept| kept.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((history[0].created_ms, history[0].created_by.as_deref()), (7, Some("ann")));
    let first = store.features.get(&which("weather", None, Some(1))).await.unwrap();
    let Some(Definition::FeatureView(view)) = first.definition else { panic!() };
    assert_eq!(view.features[0].description, None);
}

async fn what_is_named_has_to_be_there(db: Db) {
    let store = Store::open(db);
    for (old, new, expected) in [
        (
            "entities: [airport]",
            "entities: [airprot]",
            "line 7: there is no entity 'airprot'; did you mean 'airport'?",
        ),
        (
            "{origin: station}",
            "{orign: station}",
            "line 8: 'orign' is no key of the view's entities; did you mean 'origin'?",
        ),
        (
            "inputs: [weather:temp]",
            "inputs: [weather:tmp]",
            "line 16: feature view 'weather' has no feature 'tmp'; did you mean 'temp'?",
        ),
        (
            "inputs: [weather:temp]",
            "inputs: [wether:temp]",
            "line 16: there is no view 'wether'; did you mean 'weather'?",
        ),
        (
            "inputs: [weather:temp]",
            "inputs: [derived:temp_c]",
            "line 18: feature 'temp_c' has the name of what it is computed from",
        ),
        (
            "[weather:wind, derived:temp_c]",
            "[weather:wind, derived:tempc]",
            "line 21: on-demand view 'derived' has no feature 'tempc'; did you mean 'temp_c'?",
        ),
        ("name: wind", "name: origin", "line 13: feature 'origin' has the name of a key of entity 'airport'"),
        (
            "name: derived",
            "name: weather",
            "line 5: views of both kinds share their names, and there is the on-demand view 'weather' already",
        ),
        (
            "name: wind, type: int64",
            "name: dep_delay, type: int64, column: wind",
            "line 21: feature view 'weather' has no feature 'wind'",
        ),
    ] {
        assert_eq!(store.refusal(&store.yaml(&[(old, new)])).await, expected, "{new}");
    }
    let clash = [
        ("name: wind, type: int64", "name: dep_delay, type: int64, column: wind"),
        ("weather:wind", "weather:dep_delay"),
    ];
    assert_eq!(
        store.refusal(&store.yaml(&clash)).await,
        "line 21: 'weather:dep_delay' would be a column of the same name as request value 'dep_delay' of on-demand view 'derived'"
    );
    let types = [("name: dep_delay, type: float64", "name: origin, type: int64")];
    assert_eq!(
        store.refusal(&store.yaml(&types)).await,
        "line 21: key 'origin' of feature view 'weather' is of type string, but request value 'origin' of on-demand view 'derived' is \
         of type int64, and both are one column of the spine"
    );
    let twice = format!(
        "{}---\nentities:\n  - name: airport\n    keys: [{{name: origin, type: string}}]\n",
        store.yaml(&[])
    );
    assert_eq!(store.refusal(&twice).await, "line 24: entity 'airport' is defined twice");
    assert_eq!(store.features.list(None).await.unwrap(), []);
}

async fn a_view_fits_its_table(db: Db) {
    let store = Store::open(db);
    let source = store.folder.path().join("gold/weather.arrow").display().to_string();
    for (old, new, expected) in [
        ("station", "sation", "line 8: the table 'SOURCE' has no column 'sation'; did you mean 'station'?"),
        ("\n    key_columns: {origin: station}", "", "line 5: the table 'SOURCE' has no column 'origin'"),
        (
            "type: string",
            "type: int64",
            "line 8: key 'origin' of type int64 cannot be read from column 'station' of 'SOURCE', which is Utf8",
        ),
        (
            "event_time: time_hour",
            "event_time: wind",
            "line 9: column 'wind' of 'SOURCE' is no timestamp and no date but Int32",
        ),
        (
            "created_time: loaded_at",
            "created_time: loaded",
            "line 10: the table 'SOURCE' has no column 'loaded'; did you mean 'loaded_at'?",
        ),
        (
            "name: temp, type: float64",
            "name: temp, type: float32",
            "line 12: feature 'temp' of type float32 cannot be read from column 'temperature' of 'SOURCE', which is Float64",
        ),
        (
            "name: wind, type: int64",
            "name: wind, type: int64, column: wnd",
            "line 13: the table 'SOURCE' has no column 'wnd'; did you mean 'wind'?",
        ),
    ] {
        assert_eq!(
            store.refusal(&store.yaml(&[(old, new)])).await,
            expected.replace("SOURCE", &source),
            "{new}"
        );
    }
    let refused = store.refusal(&store.yaml(&[("weather.arrow", "nothing.arrow")])).await;
    assert!(refused.starts_with("line 6: feature view 'weather': its table cannot be opened: "), "{refused}");
}

async fn tables_of_texts_are_judged_as_they_are_read(db: Db) {
    let store = Store::open(db);
    let write = |name: &str, text: &str| {
        let path = store.folder.path().join("gold").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let time = "2013-01-01T05:00:00Z";
    let columns = "station,time_hour,temperature,loaded_at,wind";
    write("weather.csv", &format!("{columns}\n0042,{time},1.5,{time},1\n"));
    write(
        "weather.jsonl",
        &format!(r#"{{"station":"JFK","time_hour":"{time}","temperature":1,"loaded_at":"{time}","wind":1}}"#),
    );
    let days = "station,temperature,loaded_at,wind";
    write("days/time_hour=2013-01-01/a.csv", &format!("{days}\n0042,1.5,{time},1\n"));
    for source in ["weather.csv", "weather.jsonl", "days"] {
        let applied = store.apply(&store.yaml(&[("weather.arrow", source)])).await;
        assert!(applied.is_ok(), "{source}: {applied:?}");
    }
}

async fn who_is_not_given_goes_on_working(db: Db) {
    let store = Store::open(db);
    store.apply(&store.yaml(&[])).await.unwrap();
    let alone = |changes: &[(&str, &str)]| {
        let all: Vec<_> = changes.iter().copied().chain([(REST, "")]).collect();
        store.yaml(&all)
    };
    for (change, expected) in [
        (
            ("\n      - {name: wind, type: int64}", ""),
            "line 12: feature service 'late' uses feature 'weather:wind', which would be gone; apply both together",
        ),
        (
            ("name: temp, type: float64, column: temperature", "name: temp, type: int64, column: wind"),
            "line 12: on-demand view 'derived' uses feature 'weather:temp', which was of type float64 and would be of type int64; apply both together",
        ),
    ] {
        assert_eq!(store.refusal(&alone(&[change])).await, expected, "{change:?}");
    }
    let entity = "entities:\n  - name: airport\n    keys: [{name: icao, type: string}]\n";
    assert_eq!(
        store.refusal(entity).await,
        "line 3: the keys of entity 'airport' change, and feature view 'weather' uses it; apply both together"
    );
    let taken =
        "on_demand_views:\n  - {name: weather, features: [{name: x, type: int32, expression: '1'}]}\n";
    assert!(store.refusal(taken).await.contains("there is the feature view 'weather' already"));
    let together = [("name: wind, type: int64", "name: wind, type: int32")];
    assert!(store.apply(&store.yaml(&together)).await.is_ok());
}

async fn what_is_used_is_not_deleted_and_what_is_deleted_stays_in_the_history(db: Db) {
    let store = Store::open(db);
    store.apply(&store.yaml(&[])).await.unwrap();
    let delete = async |name: &str| {
        store.features.delete(which(name, None, None), Moment { now_ms: 8, user: None }).await
    };
    for (name, users) in [
        ("airport", "The entity 'airport' cannot be deleted while others use it: feature view 'weather'"),
        (
            "weather",
            "The feature view 'weather' cannot be deleted while others use it: on-demand view 'derived', feature service 'late'",
        ),
        (
            "derived",
            "The on-demand view 'derived' cannot be deleted while others use it: feature service 'late'",
        ),
    ] {
        assert_eq!(delete(name).await.unwrap_err().to_string(), users);
    }
    for name in ["late", "derived", "weather", "airport"] {
        delete(name).await.unwrap();
        assert!(matches!(delete(name).await, Err(Error::NotFound(_))), "{name}");
        assert!(
            matches!(store.features.get(&which(name, None, None)).await, Err(Error::NotFound(_))),
            "{name}"
        );
        assert_eq!(store.features.history(&which(name, None, None)).await.unwrap().len(), 2);
        assert!(store.features.get(&which(name, None, Some(1))).await.is_ok());
    }
    let again = store.apply(&store.yaml(&[])).await.unwrap();
    assert!(again.iter().all(|(_, what, version)| *what == What::Created && *version == 3), "{again:?}");
}

async fn what_is_applied_at_the_same_time_is_all_kept(db: Db) {
    let store = Store::open(db);
    store.apply(&store.yaml(&[])).await.unwrap();
    let keys =
        |name: &str| format!("entities:\n  - name: {name}\n    keys: [{{name: {name}_id, type: string}}]\n");
    let (plane, crew, pilot) = (keys("plane"), keys("crew"), keys("plane"));
    let (one, two, three) = tokio::join!(store.apply(&plane), store.apply(&crew), store.apply(&pilot));
    let mut changes: Vec<_> = [one, two, three].into_iter().flat_map(Result::unwrap).collect();
    changes.sort_by_key(|(name, what, _)| (name.clone(), *what == What::Unchanged));
    let version = |name: &str, what| (name.to_owned(), what, 1);
    assert_eq!(
        changes,
        [version("crew", What::Created), version("plane", What::Created), version("plane", What::Unchanged)]
    );
    assert_eq!(store.features.list(None).await.unwrap().len(), 6);
}

async fn a_name_of_several_kinds_needs_its_kind(db: Db) {
    let store = Store::open(db);
    store.apply(&store.yaml(&[("airport", "weather")])).await.unwrap();
    let refused = store.features.get(&which("weather", None, None)).await.unwrap_err().to_string();
    assert!(refused.ends_with("say which with 'kind': entity or feature_view"), "{refused}");
    assert!(store.features.get(&which("weather", Some("entity"), None)).await.is_ok());
}

async fn a_service_comes_with_all_that_it_needs(db: Db) {
    let store = Store::open(db);
    let more = "entities:\n  - name: plane\n    keys: [{name: tail, type: string}]\n";
    store.apply(more).await.unwrap();
    store.apply(&store.yaml(&[])).await.unwrap();
    let service = store.features.service(&which("late", None, None)).await.unwrap();
    let names: Vec<_> = service.definitions.iter().map(|it| it.name().to_string()).collect();
    assert_eq!(
        (service.version, names),
        (1, ["airport", "weather", "derived", "late"].map(str::to_owned).to_vec())
    );
    let fewer =
        [("weather:wind, derived:temp_c", "derived:temp_c"), ("\n      - {name: wind, type: int64}", "")];
    store.apply(&store.yaml(&fewer)).await.unwrap();
    let old = store.features.service(&which("late", None, Some(1))).await.unwrap_err().to_string();
    assert_eq!(
        old,
        "Version 1 of feature service 'late' cannot be used: feature view 'weather' has no feature 'wind'"
    );
}

async fn callers_have_tables_opened_where_the_operator_says(db: Db) {
    let nowhere = Store::new(db.clone(), |_| Locations::Below(Vec::new()));
    let error = nowhere.apply(&nowhere.yaml(&[])).await.unwrap_err();
    assert!(matches!(error, Error::PlaceRefused(_)), "{error:?}");
    assert!(
        error.to_string().starts_with("line 6: feature view 'weather': the server may not use '"),
        "{error}"
    );
    assert!(error.to_string().contains("--features-location"), "{error}");
    let gold = |folder: &Path| Locations::Below(vec![folder.join("gold").to_str().unwrap().parse().unwrap()]);
    let below = Store::new(db, gold);
    assert!(below.apply(&below.yaml(&[])).await.is_ok());
    assert!(matches!(below.apply(&below.yaml(&[("gold/", "gold/../")])).await, Err(Error::PlaceRefused(_))));
    // A pattern is below the folder, but a link that it finds is not.
    write(&below.folder.path().join("secret.arrow"));
    let link = below.folder.path().join("gold/x.arrow");
    std::os::unix::fs::symlink(below.folder.path().join("secret.arrow"), link).unwrap();
    let pattern = below.yaml(&[("weather.arrow", "*.arrow")]);
    let refused = below.apply(&pattern).await.unwrap_err();
    assert!(matches!(refused, Error::PlaceRefused(_)), "{refused}");
}

for_each_db!(
    each_change_is_a_version_and_what_is_the_same_is_none,
    what_is_named_has_to_be_there,
    a_view_fits_its_table,
    tables_of_texts_are_judged_as_they_are_read,
    who_is_not_given_goes_on_working,
    what_is_used_is_not_deleted_and_what_is_deleted_stays_in_the_history,
    what_is_applied_at_the_same_time_is_all_kept,
    a_name_of_several_kinds_needs_its_kind,
    a_service_comes_with_all_that_it_needs,
    callers_have_tables_opened_where_the_operator_says,
);
