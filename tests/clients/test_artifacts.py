"""Artifacts: what the client logs, lists and downloads, and the HTTP face of it."""

import hashlib
import json
import pathlib
import uuid

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
import pytest
import requests
from mlflow.exceptions import MlflowException
from PIL import Image

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
UPLOAD = "/ajax-api/2.0/mlflow/upload-artifact"
JSON = {"Content-Type": "application/json"}


def put(api, folder, name, data=b"data"):
    answer = api.request("PUT", f"{PROXY}/{folder}/{name}", data=data)
    assert answer.status == 200, answer.text
    return answer


def fetch(api, run_id, path, **options):
    return api.get("/get-artifact", {"run_id": run_id, "path": path}, **options)


def listed(api, run_id, **params):
    return api.get("artifacts/list", {"run_id": run_id, **params})


def refusal(answer):
    return answer.status, answer.code, answer.message


class TestLoggingWithTheClient:
    def test_a_text(self, client, run_id):
        client.log_text(run_id, "Grüße\n", "notes/hello.txt")
        assert self.read(client, run_id, "notes/hello.txt") == "Grüße\n"

    @pytest.mark.parametrize(("name", "text"), [("d.json", '"a"'), ("d.yaml", "a:"), ("d", '"a"')])
    def test_a_dictionary_is_written_in_the_form_of_its_name(self, client, run_id, name, text):
        client.log_dict(run_id, {"a": [1, None, "ü"]}, name)
        assert text in self.read(client, run_id, name)

    def test_a_figure(self, client, run_id):
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        client.log_figure(run_id, figure, "plots/line.png")
        plt.close(figure)
        with Image.open(client.download_artifacts(run_id, "plots/line.png")) as image:
            assert image.format == "PNG"

    @pytest.mark.parametrize("kind", ["array", "pillow"])
    def test_an_image(self, client, run_id, kind):
        pixels = np.zeros((4, 6, 3), dtype=np.uint8)
        image = pixels if kind == "array" else Image.fromarray(pixels)
        client.log_image(run_id, image, "black.png")
        with Image.open(client.download_artifacts(run_id, "black.png")) as stored:
            assert stored.size == (6, 4)

    def test_images_of_a_training_are_kept_by_key_and_step(self, client, run_id):
        for step in (0, 1):
            pixels = np.full((4, 4, 3), step, dtype=np.uint8)
            client.log_image(run_id, pixels, key="samples/dogs", step=step, timestamp=1000 + step)
        names = [file.path for file in client.list_artifacts(run_id, "images")]
        assert len(names) == 4
        assert all("samples" in name and "dogs" in name for name in names)
        assert {pathlib.PurePosixPath(name).suffix for name in names} == {".png", ".webp"}
        assert client.get_run(run_id).data.tags["mlflow.loggedImages"] == "True"

    def test_a_table_grows(self, client, run_id, tracking, experiment_id):
        client.log_table(run_id, {"question": ["a", "b"], "score": [1, 2]}, "t.json")
        client.log_table(run_id, pd.DataFrame({"question": ["c"], "score": [3]}), "t.json")
        table = client.load_table(experiment_id, "t.json", [run_id], extra_columns=["run_id"])
        assert list(table["question"]) == ["a", "b", "c"]
        assert set(table["run_id"]) == {run_id}
        tags = client.get_run(run_id).data.tags
        assert json.loads(tags["mlflow.loggedArtifacts"]) == [{"path": "t.json", "type": "table"}]

    def test_a_file_with_and_without_a_folder(self, client, run_id, tmp_path):
        (tmp_path / "a.bin").write_bytes(bytes(range(256)))
        client.log_artifact(run_id, str(tmp_path / "a.bin"))
        client.log_artifact(run_id, str(tmp_path / "a.bin"), "deep/er")
        for path in ("a.bin", "deep/er/a.bin"):
            local = client.download_artifacts(run_id, path)
            assert pathlib.Path(local).read_bytes() == bytes(range(256))

    def test_a_folder_with_folders(self, client, run_id, tmp_path):
        for name in ("top.txt", "x/one.txt", "x/y/two.txt"):
            (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "in" / name).write_text(name)
        client.log_artifacts(run_id, str(tmp_path / "in"), "copy")
        local = pathlib.Path(client.download_artifacts(run_id, "copy", str(tmp_path)))
        found = {str(p.relative_to(local)): p.read_text() for p in local.rglob("*") if p.is_file()}
        assert found == {name: name for name in ("top.txt", "x/one.txt", "x/y/two.txt")}

    def test_a_file_logged_again_is_replaced(self, client, run_id):
        client.log_text(run_id, "a long first text", "t.txt")
        client.log_text(run_id, "short", "t.txt")
        assert self.read(client, run_id, "t.txt") == "short"

    def test_the_whole_run_is_downloaded(self, client, run_id, tmp_path):
        client.log_text(run_id, "1", "a.txt")
        client.log_text(run_id, "2", "b/c.txt")
        local = pathlib.Path(client.download_artifacts(run_id, "", str(tmp_path)))
        assert sorted(str(p.relative_to(local)) for p in local.rglob("*.txt")) == ["a.txt", "b/c.txt"]

    def test_artifacts_are_addressed_by_uri(self, client, run_id, tracking):
        client.log_text(run_id, "here", "a/b.txt")
        uri = client.get_run(run_id).info.artifact_uri
        assert mlflow.artifacts.load_text(f"runs:/{run_id}/a/b.txt") == "here"
        assert mlflow.artifacts.load_text(f"{uri}/a/b.txt") == "here"
        assert [f.path for f in mlflow.artifacts.list_artifacts(f"runs:/{run_id}/a")] == ["a/b.txt"]

    def test_a_missing_artifact_is_reported(self, client, run_id):
        with pytest.raises((MlflowException, OSError)):
            client.download_artifacts(run_id, "nope.txt")

    def test_artifacts_are_deleted_by_the_repository(self, client, run_id, tracking):
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        client.log_text(run_id, "x", "a/b.txt")
        client.log_text(run_id, "x", "c.txt")
        get_artifact_repository(client.get_run(run_id).info.artifact_uri).delete_artifacts("a")
        assert [file.path for file in client.list_artifacts(run_id)] == ["c.txt"]

    def read(self, client, run_id, path):
        return pathlib.Path(client.download_artifacts(run_id, path)).read_text(encoding="utf-8")


class TestListing:
    @pytest.fixture(autouse=True)
    def files(self, api, folder):
        for name in ("b.txt", "B.txt", "a/one.txt", "a/two/three.txt", ".hidden"):
            put(api, folder, name)
        put(api, folder, "empty.txt", b"")

    def test_the_root_in_order_of_names(self, api, run_id, folder):
        expected = {
            "root_uri": f"mlflow-artifacts:/{folder}",
            "files": [
                {"path": ".hidden", "is_dir": False, "file_size": 4},
                {"path": "B.txt", "is_dir": False, "file_size": 4},
                {"path": "a", "is_dir": True},
                {"path": "b.txt", "is_dir": False, "file_size": 4},
                {"path": "empty.txt", "is_dir": False},
            ],
        }
        answer = listed(api, run_id)
        assert answer.text == json.dumps(expected, indent=2)

    @pytest.mark.parametrize("path", ["a", "a/"])
    def test_a_folder_with_paths_from_the_root(self, api, run_id, path):
        assert listed(api, run_id, path=path).body["files"] == [
            {"path": "a/one.txt", "is_dir": False, "file_size": 4},
            {"path": "a/two", "is_dir": True},
        ]

    @pytest.mark.parametrize("path", ["nope", "b.txt", "a/nope"])
    def test_what_is_no_folder_has_no_files(self, api, run_id, path):
        answer = listed(api, run_id, path=path)
        assert (answer.status, list(answer.body)) == (200, ["root_uri"])

    def test_the_old_name_of_the_run_is_understood(self, api, run_id):
        assert api.get("artifacts/list", {"run_uuid": run_id}).text == listed(api, run_id).text

    def test_a_run_must_be_named(self, api):
        answer = api.get("artifacts/list")
        assert answer.status == 400
        assert answer.message.startswith("Missing value for required parameter 'run_id'.")

    def test_an_unknown_run_is_not_found(self, api):
        run_id = "0" * 32
        assert refusal(listed(api, run_id)) == (
            404,
            "RESOURCE_DOES_NOT_EXIST",
            f"Run with id={run_id} not found",
        )

    def test_a_run_without_files_has_a_root(self, api, client, experiment_id):
        run_id = client.create_run(experiment_id).info.run_id
        root = f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts"
        assert listed(api, run_id).body == {"root_uri": root}

    def test_the_proxy_lists_names_from_the_folder(self, api, folder):
        answer = api.get(PROXY, {"path": f"{folder}/a"})
        assert answer.body == {
            "files": [
                {"path": "one.txt", "is_dir": False, "file_size": 4},
                {"path": "two", "is_dir": True},
            ]
        }

    @pytest.mark.parametrize("path", ["nope", "b.txt"])
    def test_the_proxy_lists_nothing_where_nothing_is(self, api, folder, path):
        answer = api.get(PROXY, {"path": f"{folder}/{path}"})
        assert (answer.status, answer.text) == (200, "{}")

    def test_the_proxy_lists_its_root(self, api, experiment_id):
        for params in ({}, {"path": ""}):
            files = api.get(PROXY, params).body["files"]
            assert {"path": experiment_id, "is_dir": True} in files


class TestServing:
    """get-artifact and the proxy serve the same file with the same headers."""

    @pytest.fixture(params=["get-artifact", "proxy"])
    def serve(self, request, api, run_id, folder):
        def from_run(path, **options):
            return fetch(api, run_id, path, **options)

        def from_proxy(path, **options):
            return api.get(f"{PROXY}/{folder}/{requests.utils.quote(path)}", **options)

        return from_run if request.param == "get-artifact" else from_proxy

    TYPES = {
        "a.txt": "text/plain",
        "a.log": "text/plain",
        "a.json": "text/plain",
        "a.yaml": "text/plain",
        "a.yml": "text/plain",
        "a.csv": "text/plain",
        "a.py": "text/plain",
        "a.js": "text/plain",
        "a.md": "text/plain",
        "a.toml": "text/plain",
        "a.xml": "text/plain",
        "a.ipynb": "text/plain",
        "MLmodel": "text/plain",
        "mlproject": "text/plain",
        "a.html": "text/html",
        "a.png": "image/png",
        "a.jpg": "image/jpeg",
        "a.svg": "image/svg+xml",
        "a.pdf": "application/pdf",
        "a.pkl": "application/octet-stream",
        "a.unheard-of": "application/octet-stream",
        "noextension": "application/octet-stream",
    }

    @pytest.mark.parametrize(("name", "mime"), TYPES.items(), ids=TYPES)
    def test_the_type_follows_from_the_name(self, api, folder, serve, name, mime):
        put(api, folder, name)
        assert serve(name).headers["content-type"] == mime

    NAMES = {
        "a.txt": "attachment; filename=a.txt",
        "two words.txt": 'attachment; filename="two words.txt"',
        'quo"te.txt': 'attachment; filename="quo\\"te.txt"',
        "semi;colon.txt": 'attachment; filename="semi;colon.txt"',
        "ques?tion.txt": 'attachment; filename="ques?tion.txt"',
        "colon:.txt": 'attachment; filename="colon:.txt"',
        "100%.txt": "attachment; filename=100%.txt",
        "plus+.txt": "attachment; filename=plus+.txt",
        "naïve.txt": "attachment; filename=naive.txt; filename*=UTF-8''na%C3%AFve.txt",
        "日本": "attachment; filename=download; filename*=UTF-8''%E6%97%A5%E6%9C%AC",
    }

    @pytest.mark.parametrize(("name", "disposition"), NAMES.items(), ids=NAMES)
    def test_every_file_is_an_attachment_with_its_name(self, api, folder, serve, name, disposition):
        put(api, folder, requests.utils.quote(name))
        answer = serve(name)
        assert (answer.status, answer.text) == (200, "data")
        assert answer.headers["content-disposition"] == disposition
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_an_empty_file(self, api, folder, serve):
        put(api, folder, "empty.txt", b"")
        answer = serve("empty.txt")
        assert (answer.status, answer.response.content) == (200, b"")
        assert answer.headers["content-length"] == "0"

    def test_bytes_are_not_touched(self, api, folder, serve):
        data = bytes(range(256)) * 64
        put(api, folder, "a.bin", data)
        answer = serve("a.bin")
        assert answer.response.content == data
        assert answer.headers["content-length"] == str(len(data))

    def test_a_part_of_a_file(self, api, folder, serve):
        put(api, folder, "a.txt", b"0123456789")
        answer = serve("a.txt", headers={"Range": "bytes=2-4"})
        assert (answer.status, answer.text) == (206, "234")
        assert answer.headers["content-range"] == "bytes 2-4/10"

    def test_a_big_file(self, api, folder, serve):
        block = np.random.default_rng(3).bytes(1 << 20)
        put(api, folder, "big.bin", (block for _ in range(20)))
        answer = serve("big.bin")
        assert hashlib.sha256(answer.response.content).digest() == hashlib.sha256(block * 20).digest()


class TestServingErrors:
    def test_a_missing_file_names_its_place(self, api, run_id, folder):
        expected = (404, "RESOURCE_DOES_NOT_EXIST", f"No such artifact: '{folder}/nope.txt'")
        assert refusal(fetch(api, run_id, "nope.txt")) == expected
        assert refusal(api.get(f"{PROXY}/{folder}/nope.txt")) == expected

    def test_a_folder_is_not_served(self, api, run_id, folder):
        put(api, folder, "sub/a.txt")
        message = f"Artifact path refers to a directory, not a file: '{folder}/sub'"
        assert refusal(fetch(api, run_id, "sub")) == (400, "INVALID_PARAMETER_VALUE", message)
        answer = api.get(f"{PROXY}/{folder}/sub")
        assert (answer.status, answer.body) == (400, {"detail": message})

    def test_an_unknown_run_is_not_found(self, api):
        assert fetch(api, "0" * 32, "a.txt").status == 404

    def test_a_path_must_be_given(self, api, run_id):
        assert api.get("/get-artifact", {"run_id": run_id}).status == 400

    def test_the_old_name_of_the_run_is_understood(self, api, run_id, folder):
        put(api, folder, "a.txt")
        assert api.get("/get-artifact", {"run_uuid": run_id, "path": "a.txt"}).text == "data"

    def test_a_deleted_run_keeps_its_files(self, api, client, run_id, folder):
        put(api, folder, "a.txt")
        client.delete_run(run_id)
        assert fetch(api, run_id, "a.txt").text == "data"


class TestProxy:
    def test_put_answers_with_nothing(self, api, folder):
        answer = put(api, folder, "a.txt")
        assert (answer.status, answer.text) == (200, "")

    def test_the_ajax_path_is_the_same_store(self, api, folder):
        api.request("PUT", f"/ajax-api/2.0/mlflow-artifacts/artifacts/{folder}/a.txt", data=b"x")
        assert api.get(f"{PROXY}/{folder}/a.txt").text == "x"

    def test_a_name_must_not_end_with_a_slash(self, api, folder):
        answer = api.request("PUT", f"{PROXY}/{folder}/sub/", data=b"x")
        assert answer.status == 400
        assert answer.body == {"detail": "Artifact path must include a filename (cannot end with '/')."}

    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            ("two%20words.txt", "two words.txt"),
            ("100%25.txt", "100%.txt"),
            ("100%2525.txt", "100%.txt"),
            ("bad%FF.txt", "bad\ufffd.txt"),
            ("am%26per.txt", "am&per.txt"),
            ("dir%2Ffile.txt", "dir"),
            ("double//slash.txt", "double"),
            ("%E6%97%A5.txt", "日.txt"),
        ],
    )
    def test_names_are_decoded(self, api, run_id, folder, sent, stored):
        put(api, folder, sent)
        assert [file["path"] for file in listed(api, run_id).body["files"]] == [stored]

    @pytest.mark.parametrize("path", ["a.txt", "sub", "sub/b.txt", "nope", ""])
    def test_delete_removes_what_is_there(self, api, run_id, folder, path):
        put(api, folder, "a.txt")
        put(api, folder, "sub/b.txt")
        answer = api.delete(f"{PROXY}/{folder}/{path}".rstrip("/"))
        assert (answer.status, answer.text) == (200, "{}")
        assert api.get(f"{PROXY}/{folder}/{path}").status in (400, 404)

    def test_the_store_itself_cannot_be_deleted(self, api, folder):
        put(api, folder, "a.txt")
        assert api.delete(PROXY).status == 405
        assert api.delete(f"{PROXY}/").status in (404, 405)
        assert api.get(f"{PROXY}/{folder}/a.txt").status == 200

    @pytest.mark.parametrize(
        ("step", "body"),
        [
            ("create", {"path": "x", "num_parts": 2}),
            ("complete", {"path": "x", "upload_id": "u", "parts": [{"part_number": 1, "etag": "e"}]}),
            ("abort", {"path": "x", "upload_id": "u"}),
        ],
    )
    def test_multipart_uploads_need_another_store(self, api, folder, step, body):
        answer = api.post(f"/api/2.0/mlflow-artifacts/mpu/{step}/{folder}/x", body)
        message = "Multipart upload is not supported for the current artifact repository"
        assert refusal(answer) == (501, "NOT_IMPLEMENTED", message)

    @pytest.mark.parametrize(("step", "absent"), [("create", "path"), ("complete", "path"), ("abort", "path")])
    def test_multipart_uploads_need_a_path(self, api, folder, step, absent):
        answer = api.post(f"/api/2.0/mlflow-artifacts/mpu/{step}/{folder}/x", {"parts": [{}]})
        assert answer.status == 400
        assert answer.message.startswith(f"Missing value for required parameter '{absent}'.")

    def test_presigned_downloads_need_another_store(self, api, folder):
        answer = api.get(f"/api/2.0/mlflow-artifacts/presigned/{folder}/x")
        message = "Multipart download is not supported for the current artifact repository"
        assert refusal(answer) == (501, "NOT_IMPLEMENTED", message)


class TestUploading:
    """upload-artifact: how the web page stores pictures of notes."""

    def upload(self, api, data=b"data", **params):
        return api.request("POST", UPLOAD, params=params, data=data)

    def test_a_file_is_stored(self, api, run_id):
        answer = self.upload(api, run_uuid=run_id, path="notes/a.png")
        assert (answer.status, answer.text) == (200, "")
        assert fetch(api, run_id, "notes/a.png").text == "data"

    @pytest.mark.parametrize(
        ("params", "data", "message"),
        [
            ({"path": "x"}, b"d", "Request must specify run_uuid."),
            ({"run_id": "x", "path": "x"}, b"d", "Request must specify run_uuid."),
            ({"run_uuid": "x"}, b"d", "Request must specify path."),
            ({"run_uuid": "x", "path": ""}, b"d", "Request must specify path."),
            ({"run_uuid": "x", "path": "x"}, b"", "Request must specify data."),
            (
                {"run_uuid": "x", "path": "x"},
                b"d" * (10 * 1024 * 1024 + 1),
                "Artifact size is too large. Max size is 10MB.",
            ),
        ],
        ids=["no run", "another name", "no path", "empty path", "no data", "too much data"],
    )
    def test_what_is_missing_is_named(self, api, params, data, message):
        assert refusal(self.upload(api, data, **params)) == (400, "INVALID_PARAMETER_VALUE", message)

    def test_ten_megabytes_are_accepted(self, api, run_id):
        assert self.upload(api, b"d" * (10 * 1024 * 1024), run_uuid=run_id, path="x").status == 200

    def test_an_unknown_run_is_not_found(self, api):
        assert self.upload(api, run_uuid="0" * 32, path="x").status == 404

    def test_uploading_is_for_the_web_page_only(self, api, run_id):
        path = f"upload-artifact?run_uuid={run_id}&path=x"
        assert api.request("POST", path, data=b"x").status == 404

    @pytest.mark.ours
    def test_a_folder_is_no_name_for_a_file(self, api, run_id):
        assert self.upload(api, run_uuid=run_id, path="d/").status == 400


class TestPresignedUrls:
    """The store of these tests is the server itself, which signs nothing."""

    def ask(self, api, direction, **body):
        return api.post(f"artifacts/presigned-{direction}-url", body)

    def test_the_proxied_store_signs_no_uploads(self, api, client, experiment_id, run_id):
        message = (
            "Presigned upload is not supported for proxied artifact storage "
            "(artifact URI scheme: mlflow-artifacts). "
            "This endpoint requires a direct cloud storage artifact URI."
        )
        model_id = client.create_logged_model(experiment_id).model_id
        for owner in ({"run_id": run_id}, {"model_id": model_id}):
            answer = self.ask(api, "upload", path="x", **owner)
            assert refusal(answer) == (400, "INVALID_PARAMETER_VALUE", message)

    def test_the_proxied_store_signs_no_downloads(self, api, run_id):
        assert refusal(self.ask(api, "download", run_id=run_id, path="x")) == (
            400,
            "INVALID_PARAMETER_VALUE",
            "Presigned download is not supported for runs with proxied artifact storage "
            "(artifact URI scheme: mlflow-artifacts). "
            "This endpoint requires a run with a direct cloud storage artifact URI.",
        )

    @pytest.mark.parametrize("owner", [{}, {"run_id": "r", "model_id": "m"}], ids=["none", "both"])
    def test_an_upload_has_one_owner(self, api, owner):
        answer = self.ask(api, "upload", path="x", **owner)
        assert answer.status == 400
        assert answer.message == "Exactly one of run_id and model_id must be provided."

    @pytest.mark.parametrize("seconds", [0, -1, 604_801])
    def test_a_url_lives_between_a_second_and_a_week(self, api, run_id, seconds):
        answer = self.ask(api, "download", run_id=run_id, path="x", expiration=seconds)
        assert answer.status == 400
        assert answer.message == f"expiration must be between 1 and 604800 seconds (got {seconds})."

    @pytest.mark.parametrize("direction", ["upload", "download"])
    def test_bad_requests_are_refused_in_turn(self, api, run_id, direction):
        assert self.ask(api, direction, run_id=run_id).status == 400
        assert self.ask(api, direction, run_id=run_id, path="../x").message == "Invalid path"
        assert self.ask(api, direction, run_id="0" * 32, path="x").status == 404


class TestLocalLocations:
    """An experiment may keep its artifacts in a folder of its own, which both sides can see."""

    @pytest.mark.parametrize("scheme", ["", "file://"])
    def test_files_are_written_and_served_there(self, api, client, tmp_path, unique_name, scheme):
        location = f"{scheme}{tmp_path}/own"
        experiment_id = client.create_experiment(unique_name(), artifact_location=location)
        run = client.create_run(experiment_id)
        assert run.info.artifact_uri == f"{location}/{run.info.run_id}/artifacts"
        client.log_text(run.info.run_id, "here", "a/b.txt")
        assert (tmp_path / "own" / run.info.run_id / "artifacts/a/b.txt").read_text() == "here"
        assert fetch(api, run.info.run_id, "a/b.txt").text == "here"
        assert listed(api, run.info.run_id, path="a").body["files"] == [
            {"path": "a/b.txt", "is_dir": False, "file_size": 4}
        ]

    def test_uploads_of_the_web_page_go_there(self, api, client, tmp_path, unique_name):
        experiment_id = client.create_experiment(unique_name(), artifact_location=str(tmp_path))
        run_id = client.create_run(experiment_id).info.run_id
        api.request("POST", UPLOAD, params={"run_uuid": run_id, "path": "n/a.txt"}, data=b"x")
        assert (tmp_path / run_id / "artifacts/n/a.txt").read_text() == "x"

    def test_logged_models_go_there(self, api, client, tmp_path, unique_name):
        experiment_id = client.create_experiment(unique_name(), artifact_location=str(tmp_path))
        model = client.create_logged_model(experiment_id)
        assert model.artifact_location == f"{tmp_path}/models/{model.model_id}/artifacts"
        pathlib.Path(model.artifact_location).mkdir(parents=True)
        (pathlib.Path(model.artifact_location) / "MLmodel").write_text("x")
        answer = api.get(f"logged-models/{model.model_id}/artifacts/directories")
        assert answer.body["files"] == [{"path": "MLmodel", "is_dir": False, "file_size": 1}]

    def test_a_proxied_location_of_ones_own(self, api, client, unique_name):
        location = f"mlflow-artifacts:/{uuid.uuid4().hex}"
        experiment_id = client.create_experiment(unique_name(), artifact_location=location)
        run = client.create_run(experiment_id)
        assert run.info.artifact_uri == f"{location}/{run.info.run_id}/artifacts"
        client.log_text(run.info.run_id, "here", "a.txt")
        place = run.info.artifact_uri.removeprefix("mlflow-artifacts:/")
        assert api.get(f"{PROXY}/{place}/a.txt").text == "here"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def closed(target, start_server, fresh_database, root):
    arguments = ["--no-serve-artifacts", "--default-artifact-root", str(root)]
    return start_server(target, fresh_database("sqlite"), extra_args=arguments)


@pytest.fixture(scope="module")
def store(target, start_server, tmp_path_factory):
    return start_server(target, None, tmp_path_factory.mktemp("only"), extra_args=["--artifacts-only"])


class TestWithoutServing:
    """--no-serve-artifacts: runs point to a folder, and the proxy is closed."""

    def test_runs_point_to_the_default_root(self, api_of, closed, root):
        client = mlflow.MlflowClient(closed.url)
        run = client.create_run("0")
        assert run.info.artifact_uri == f"{root}/0/{run.info.run_id}/artifacts"
        client.log_text(run.info.run_id, "here", "a.txt")
        assert fetch(api_of(closed), run.info.run_id, "a.txt").text == "here"

    @pytest.mark.parametrize("method", ["GET", "PUT"])
    def test_files_are_not_served(self, api_of, closed, method):
        answer = api_of(closed).request(method, f"{PROXY}/a.txt", data=b"")
        assert answer.status == 503
        assert answer.body == {
            "detail": "Artifact serving is disabled. "
            "Run `mlflow server` with `--serve-artifacts` to enable."
        }

    @pytest.mark.parametrize(
        ("method", "path", "rule"),
        [
            ("GET", PROXY, PROXY),
            ("DELETE", f"{PROXY}/a.txt", f"{PROXY}/<path:artifact_path>"),
            (
                "POST",
                "/ajax-api/2.0/mlflow-artifacts/mpu/create/a",
                "/ajax-api/2.0/mlflow-artifacts/mpu/create/<path:artifact_path>",
            ),
            (
                "GET",
                "/api/2.0/mlflow-artifacts/presigned/a",
                "/api/2.0/mlflow-artifacts/presigned/<path:artifact_path>",
            ),
        ],
    )
    def test_other_endpoints_say_why(self, api_of, closed, method, path, rule):
        answer = api_of(closed).request(method, path)
        assert answer.status == 503
        assert answer.text == (
            f"Endpoint: {rule} disabled due to the mlflow server running with `--no-serve-artifacts`. "
            "To enable artifacts server functionality, run `mlflow server` with `--serve-artifacts`"
        )


class TestArtifactsOnly:
    """--artifacts-only: the proxy is open, and tracking is closed."""

    def test_files_are_stored_listed_and_deleted(self, api_of, store):
        api = api_of(store)
        put(api, "folder", "a.txt")
        assert api.get(f"{PROXY}/folder/a.txt").text == "data"
        assert api.get(PROXY).body == {"files": [{"path": "folder", "is_dir": True}]}
        assert api.delete(f"{PROXY}/folder").status == 200
        assert api.get(PROXY).text == "{}"

    @pytest.mark.parametrize("path", ["/health", "/version"])
    def test_the_server_says_that_it_is_there(self, api_of, store, path):
        assert api_of(store).get(path).status == 200

    @pytest.mark.parametrize(
        ("method", "path", "rule"),
        [
            ("POST", "/api/2.0/mlflow/experiments/create", None),
            ("POST", "/ajax-api/2.0/mlflow/runs/search", None),
            ("GET", "/api/2.0/mlflow/artifacts/list", None),
            ("GET", "/get-artifact", None),
            ("POST", UPLOAD, None),
            ("GET", "/api/2.0/mlflow/logged-models/m-1", "/api/2.0/mlflow/logged-models/<model_id>"),
            (
                "DELETE",
                "/api/2.0/mlflow/logged-models/m-1/tags/k",
                "/api/2.0/mlflow/logged-models/<model_id>/tags/<tag_key>",
            ),
        ],
    )
    def test_tracking_says_why_it_is_closed(self, api_of, store, method, path, rule):
        answer = api_of(store).request(method, path, headers=JSON)
        assert answer.status == 503
        assert answer.text == (
            f"Endpoint: {rule or path} disabled due to the mlflow server running in `--artifacts-only` "
            "mode. To enable tracking server functionality, run `mlflow server` without `--artifacts-only`"
        )
