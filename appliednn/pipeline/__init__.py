"""The run: one YAML file trains, audits and gates a model."""
