"""Read a running service with opensdmx, and print what was read as JSON.

Run by the Python that opensdmx is installed for. Argument: the address of the 1.x paths.
"""

import json
import sys

import opensdmx

opensdmx.set_provider(sys.argv[1], agency_id="VIPMG", rate_limit=0.0)
flows = opensdmx.all_available()
dataset = opensdmx.load_dataset("DF_ENTRY_EXIT")
dimensions = opensdmx.dimensions_info(dataset)
sexes = opensdmx.get_dimension_values(dataset, "SEX")
available = opensdmx.get_available_values(dataset)
dataset = opensdmx.set_filters(dataset, REF_AREA="CRI", MOVEMENT="ENT")
data = opensdmx.get_data(dataset, start_period="2023-01", end_period="2023-06")
json.dump(
    {
        "flows": flows.to_dicts(),
        "dimensions": dimensions.to_dicts(),
        "sexes": sexes.to_dicts(),
        "areas": available["REF_AREA"].to_dicts(),
        "data": data.to_dicts(),
    },
    sys.stdout,
    default=str,
)
