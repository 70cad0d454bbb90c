# Empty compiler generated dependencies file for unit_os.
# This may be replaced when dependencies are built.
