"""A Keras model of your own inside a scikit-learn grid search."""

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from appliednn import KerasClassifier


def build(filters, meta):
    """Return a small convolutional network for the images at hand."""
    return keras.Sequential(
        [
            keras.layers.Input(meta["X_shape_"][1:]),
            keras.layers.Conv2D(filters, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


X, y = load_digits(return_X_y=True)
images = (X / 16).reshape(-1, 8, 8, 1)
model = KerasClassifier(build, filters=8, epochs=8, learning_rate=0.01, random_state=0)
search = GridSearchCV(model, {"model__filters": [4, 8], "learning_rate": [0.003, 0.01]}, cv=3)
search.fit(images, y)
print(search.best_params_, round(search.best_score_, 3))
