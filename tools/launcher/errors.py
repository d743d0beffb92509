"""The one exception the launcher shows to its user."""


class LauncherError(Exception):
    """Something is missing or went wrong; `remedies` say what the user can do.

    The message and the remedies are printed, never a traceback.
    """

    def __init__(self, message, *remedies, exit_code=2):
        super().__init__(message)
        self.remedies = remedies
        self.exit_code = exit_code

    def __str__(self):
        return "\n  ".join([super().__str__(), *self.remedies])
