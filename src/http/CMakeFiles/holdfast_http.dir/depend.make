# Empty dependencies file for holdfast_http.
# This may be replaced when dependencies are built.
