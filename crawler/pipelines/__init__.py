"""The pipelines, from the fetched page to the stored document: classify, validate, store."""
