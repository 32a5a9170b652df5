"""Google's own API, as its SDKs speak it: paths, what is read of a request, errors, lists of models. Pure functions."""
