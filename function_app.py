"""The Functions host's entry point: one app with every blueprint of `functions`."""

from azure.functions import FunctionApp

from functions import BLUEPRINTS

app = FunctionApp()
for blueprint in BLUEPRINTS:
    app.register_functions(blueprint)
