# Installed later in the configuration.
