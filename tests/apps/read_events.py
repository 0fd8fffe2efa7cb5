"""Prints as JSON what TensorBoard's own readers make of the run in a folder; for its environment.

    .venv-tensorboard/bin/python tests/apps/read_events.py RUN
"""

import base64
import json
import pathlib
import sys
from dataclasses import asdict
from typing import Any

from google.protobuf import json_format
from tensorboard import context
from tensorboard.backend.event_processing import data_provider, event_accumulator, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups


def events_of(run: pathlib.Path) -> dict[str, Any]:
    """By kind and tag, each with its step."""
    everything = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}
    events = event_accumulator.EventAccumulator(str(run), size_guidance=everything)
    events.Reload()
    tags = events.Tags()
    scalars = {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in tags["scalars"]}
    images = {tag: [{"step": event.step, "height": event.height, "width": event.width,
                     "png": base64.b64encode(event.encoded_image_string).decode()} for event in events.Images(tag)]
              for tag in tags["images"]}
    histograms = {tag: [{"step": event.step} | asdict(event.histogram_value) for event in events.Histograms(tag)]
                  for tag in tags["histograms"]}
    return {"scalars": scalars, "images": images, "histograms": histograms}


def table_of_runs(folder: pathlib.Path) -> list[dict[str, Any]]:
    """Its rows for the runs below a folder, as the hparams plugin answers them."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(folder))
    backend = backend_context.Context(base_plugin.TBContext(data_provider=provider, logdir=str(folder)))
    request = api_pb2.ListSessionGroupsRequest(
        start_index=0, slice_size=100, allowed_statuses=[status for _, status in api_pb2.Status.items()])
    answer = list_session_groups.Handler(context.RequestContext(), backend, "", request).run()
    return json_format.MessageToDict(answer).get("sessionGroups", [])


def main() -> None:
    run = pathlib.Path(sys.argv[1])
    print(json.dumps(events_of(run) | {"runs": table_of_runs(run)}))


if __name__ == "__main__":
    main()
