"""F7: messages between processes are lost: the request, the answer, or while it is under way."""

import json
from collections.abc import Callable

import pytest
from training_process import Training

pytestmark = [pytest.mark.process, pytest.mark.timeout(200)]

LOSSES = {
    "CoreWorkerService.grpc_client.PushTask": {
        "num_failures": -1,
        "req_failure_prob": 5,
        "resp_failure_prob": 5,
        "in_flight_failure_prob": 5,
    }
}
"""Of a hundred messages, in the form that Ray's fault injection takes."""


@pytest.mark.long
def test_a_run_goes_on_over_lost_messages(training: Callable[..., Training]) -> None:
    lossy = {
        "RAY_testing_rpc_failure": json.dumps(LOSSES),
        "RAY_testing_rpc_failure_avoid_intra_node_failures": "0",
    }
    run = training("--minutes=9", environment=lossy)
    run.wait_until_training()
    run.wait_for(lambda: (run.metric("games") or 0) > 2000, 60)
    run.wait_for(lambda: (run.metric("learner/rows_trained") or 0) > 3000, 60)
    run.process.terminate()
    assert run.finish() == 143, run.text()
    assert "Traceback" not in run.text()
    run.assert_nothing_lost()
    assert not run.metric("actors/deaths")
