"""Evidence: from a confirmed lead to a sealed package that the API has filed."""
