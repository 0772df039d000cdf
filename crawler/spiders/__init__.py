"""The spiders: one class, which every publisher of the registry and any other site share."""
