"""Experiments: create, read, rename, tag, delete, restore, and the errors each of these answers."""


def test_a_fresh_experiment_has_the_name_it_was_given(client, unique_name):
    name = unique_name()
    experiment = client.get_experiment(client.create_experiment(name))
    assert experiment.name == name
    assert experiment.lifecycle_stage == "active"
