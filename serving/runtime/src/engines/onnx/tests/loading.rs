//! What is told of a model when it is loaded, and of a file that is none.

use super::*;
use crate::engines::Sharing;

#[test]
fn models_whose_rows_depend_on_one_another_are_scored_alone() {
    for (name, sharing) in [
        ("plain", Sharing::Shared),
        ("logistic", Sharing::Shared),
        ("fixed_batch", Sharing::Shared),
        ("quantised", Sharing::Alone),
        ("whole_batch", Sharing::Alone),
    ] {
        let Some(loaded) = loaded(name) else { return };
        assert_eq!(loaded.sharing, sharing, "{name}");
    }
}

#[test]
fn metadata_tells_inputs_and_outputs() {
    let Some(loaded) = loaded("zipmap") else { return };
    assert_eq!((loaded.platform, loaded.device.as_str()), ("onnxruntime", "cpu"));
    assert!(loaded.lanes.n_lanes >= 1 && loaded.lanes.n_threads == 1);
    let inputs = loaded.inputs.unwrap();
    assert_eq!((inputs[0].name.as_deref(), inputs[0].dtype), (Some("X"), DType::Fp32));
    assert_eq!(inputs[0].shape, [None, Some(4)]);
    let outputs = loaded.outputs.unwrap();
    assert_eq!((outputs[1].name.as_deref(), outputs[1].dtype), (Some("output_probability"), DType::Bytes));
}

#[test]
fn lanes_can_be_opened_again_and_with_other_threads() {
    if loaded("plain").is_none() {
        return;
    }
    let (_kept, folder) = folder("logistic");
    let loaded = load(&folder, Device::Cpu).unwrap();
    for n_threads in [1, 1, 2] {
        let mut engine = (loaded.open)(n_threads).unwrap();
        assert_eq!(score(&mut engine, &matrix_as_table(&flowers(3))).n_rows(), Some(3));
    }
}

#[test]
fn files_that_are_no_models_are_told_by_their_name() {
    if loaded("plain").is_none() {
        return;
    }
    let reason = |change: &dyn Fn(&Path)| {
        let (kept, folder) = folder("external");
        change(kept.path());
        match load(&folder, Device::Cpu) {
            Err(LoadError::Model(reason)) => reason,
            Err(error) => panic!("{error:?}"),
            Ok(_) => panic!("it is loaded"),
        }
    };
    let gone = reason(&|folder| fs::remove_file(folder.join("model.onnx")).unwrap());
    assert!(gone.starts_with("model.onnx cannot be loaded: "), "{gone}");
    let without_weights = reason(&|folder| fs::remove_file(folder.join("external.onnx.data")).unwrap());
    assert!(
        without_weights.starts_with("model.onnx cannot be loaded: external.onnx.data: "),
        "{without_weights}"
    );
    let cut = reason(&|folder| fs::write(folder.join("external.onnx.data"), [0; 8]).unwrap());
    assert!(cut.starts_with("model.onnx cannot be loaded: "), "{cut}");
    let text = reason(&|folder| fs::write(folder.join("model.onnx"), "nothing that is a model").unwrap());
    assert!(text.starts_with("model.onnx cannot be loaded: "), "{text}");
    let empty = reason(&|folder| fs::write(folder.join("model.onnx"), "").unwrap());
    assert!(empty.starts_with("model.onnx cannot be loaded: "), "{empty}");
    let (_kept, folder) = folder("outside");
    let outside = load(&folder, Device::Cpu).err().unwrap().to_string();
    assert!(outside.ends_with("'../outside.data' is outside of the model's folder"), "{outside}");
}

#[test]
fn cuda_is_used_where_it_is_and_an_error_where_it_is_not() {
    if loaded("plain").is_none() {
        return;
    }
    let (_kept, folder) = folder("plain");
    match load(&folder, Device::Cuda(0)) {
        Ok(loaded) => {
            assert_eq!(loaded.device, "cuda:0");
            let case = &cases()["plain"];
            let mut engine = (loaded.open)(loaded.lanes.n_threads).unwrap();
            let found = arrays(score(&mut engine, &Batch::Tensors(inputs(case))));
            assert_near(&found[0].1, &tensor(&case["outputs"]["y"]), "plain on a GPU");
        }
        Err(LoadError::Device { device, reason }) => {
            assert_eq!(device, "cuda:0");
            eprintln!("skipped: scoring on a GPU, which is not there: {reason}");
        }
        Err(error) => panic!("{error:?}"),
    }
    let auto = load(&folder, Device::Auto).unwrap();
    assert!(auto.device == "cpu" || auto.device == "cuda:0", "{}", auto.device);
}
