"""The reviewed list: every kind of object that may come out of a model file's skops members.

Reviewed means: building it from arbitrary state runs no function that the state names and
opens no file, and its compiled code, where it trusts indices, is checked by ``_indices.py``.
Left out on purpose: kernel support vector machines, neighbour trees (a local outlier factor is in
where it compares row with row, ``algorithm="brute"``), splines and the older
``GradientBoosting*`` (compiled code that trusts arrays we do not check; the histogram variant is
in), bound methods, operators, reduced objects and byte strings.
"""

from __future__ import annotations

import importlib


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LOADERS = _words(
    "DictNode ListNode SetNode TupleNode SliceNode JsonNode ObjectNode TypeNode FunctionNode "
    "PartialNode NdArrayNode DTypeNode RandomStateNode RandomGeneratorNode "
    "TreeNode LossNode"
)

_PUBLIC = {
    "sklearn.calibration": "CalibratedClassifierCV",
    "sklearn.compose": "ColumnTransformer TransformedTargetRegressor make_column_selector",
    "sklearn.decomposition": "PCA TruncatedSVD",
    "sklearn.discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
    "sklearn.dummy": "DummyClassifier DummyRegressor",
    "sklearn.ensemble": "AdaBoostClassifier AdaBoostRegressor BaggingClassifier BaggingRegressor "
    "ExtraTreesClassifier ExtraTreesRegressor "
    "HistGradientBoostingClassifier HistGradientBoostingRegressor "
    "IsolationForest RandomForestClassifier RandomForestRegressor StackingClassifier "
    "StackingRegressor VotingClassifier VotingRegressor",
    "sklearn.feature_selection": "SelectFromModel SelectKBest SelectPercentile VarianceThreshold",
    "sklearn.frozen": "FrozenEstimator",
    "sklearn.impute": "KNNImputer MissingIndicator SimpleImputer",
    "sklearn.isotonic": "IsotonicRegression",
    "sklearn.linear_model": "BayesianRidge ElasticNet ElasticNetCV GammaRegressor HuberRegressor "
    "Lasso LassoCV LinearRegression LogisticRegression LogisticRegressionCV PoissonRegressor "
    "QuantileRegressor Ridge RidgeCV RidgeClassifier RidgeClassifierCV SGDClassifier "
    "SGDRegressor TweedieRegressor",
    "sklearn.multiclass": "OneVsOneClassifier OneVsRestClassifier",
    "sklearn.multioutput": "MultiOutputClassifier MultiOutputRegressor",
    "sklearn.naive_bayes": "BernoulliNB ComplementNB GaussianNB MultinomialNB",
    "sklearn.neighbors": "LocalOutlierFactor",
    "sklearn.neural_network": "MLPClassifier MLPRegressor",
    "sklearn.pipeline": "FeatureUnion Pipeline",
    "sklearn.preprocessing": "Binarizer FunctionTransformer KBinsDiscretizer LabelBinarizer "
    "LabelEncoder MaxAbsScaler MinMaxScaler MultiLabelBinarizer Normalizer OneHotEncoder "
    "OrdinalEncoder PolynomialFeatures PowerTransformer QuantileTransformer RobustScaler "
    "StandardScaler TargetEncoder",
    "sklearn.svm": "LinearSVC LinearSVR",
    "sklearn.tree": "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier "
    "ExtraTreeRegressor",
    "sklearn.utils": "Bunch",
    "imblearn.combine": "SMOTEENN SMOTETomek",
    "imblearn.over_sampling": "ADASYN BorderlineSMOTE KMeansSMOTE RandomOverSampler SMOTE SMOTEN "
    "SMOTENC SVMSMOTE",
    "imblearn.pipeline": "Pipeline",
    "imblearn.under_sampling": "AllKNN ClusterCentroids EditedNearestNeighbours NearMiss "
    "NeighbourhoodCleaningRule OneSidedSelection RandomUnderSampler TomekLinks",
}

_PRIVATE = _words(
    """
    sklearn._loss.link.HalfLogitLink sklearn._loss.link.IdentityLink sklearn._loss.link.Interval
    sklearn._loss.link.LogLink sklearn._loss.link.LogitLink sklearn._loss.link.MultinomialLogit
    sklearn._loss.loss.AbsoluteError sklearn._loss.loss.ExponentialLoss
    sklearn._loss.loss.HalfBinomialLoss sklearn._loss.loss.HalfGammaLoss
    sklearn._loss.loss.HalfMultinomialLoss sklearn._loss.loss.HalfPoissonLoss
    sklearn._loss.loss.HalfSquaredError sklearn._loss.loss.HuberLoss
    sklearn._loss.loss.PinballLoss
    sklearn._loss._loss.CyAbsoluteError sklearn._loss._loss.CyExponentialLoss
    sklearn._loss._loss.CyHalfBinomialLoss sklearn._loss._loss.CyHalfGammaLoss
    sklearn._loss._loss.CyHalfMultinomialLoss sklearn._loss._loss.CyHalfPoissonLoss
    sklearn._loss._loss.CyHalfSquaredError sklearn._loss._loss.CyHalfTweedieLoss
    sklearn._loss._loss.CyHalfTweedieLossIdentity sklearn._loss._loss.CyHuberLoss
    sklearn._loss._loss.CyPinballLoss
    sklearn.linear_model._sgd_fast.EpsilonInsensitive sklearn.linear_model._sgd_fast.Hinge
    sklearn.linear_model._sgd_fast.ModifiedHuber
    sklearn.linear_model._sgd_fast.SquaredEpsilonInsensitive
    sklearn.linear_model._sgd_fast.SquaredHinge
    sklearn.calibration._CalibratedClassifier sklearn.calibration._SigmoidCalibration
    sklearn.ensemble._hist_gradient_boosting.binning._BinMapper
    sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor
    sklearn.impute._iterative.IterativeImputer sklearn.impute._iterative._ImputerTriplet
    sklearn.neural_network._stochastic_optimizers.AdamOptimizer
    sklearn.neural_network._stochastic_optimizers.SGDOptimizer
    sklearn.tree._tree.Tree
    builtins.dict builtins.list builtins.tuple builtins.set builtins.slice builtins.str
    builtins.int builtins.float builtins.bool builtins.NoneType builtins.object
    collections.OrderedDict functools.partial
    numpy.ndarray numpy.dtype numpy.random.mtrand.RandomState numpy.random._generator.Generator
    numpy.bool numpy.bool_ numpy.str_ numpy.object_ numpy.float16 numpy.float32 numpy.float64
    numpy.int8 numpy.int16 numpy.int32 numpy.int64
    numpy.uint8 numpy.uint16 numpy.uint32 numpy.uint64
    """
)

# The only functions an object may hold (FunctionTransformer, SelectKBest): pure arithmetic.
FUNCTIONS = _words(
    """
    numpy.abs numpy.absolute numpy.arcsinh numpy.cbrt numpy.cos numpy.exp numpy.expm1
    numpy.log numpy.log10 numpy.log1p numpy.log2 numpy.reciprocal numpy.sin numpy.sinh
    numpy.sqrt numpy.square numpy.tanh
    sklearn.feature_selection._univariate_selection.chi2
    sklearn.feature_selection._univariate_selection.f_classif
    sklearn.feature_selection._univariate_selection.f_regression
    sklearn.utils.validation.check_array
    """
)
PARTIAL_OF = frozenset({"sklearn.utils.validation.check_array"})


def is_allowed_type(module: str, name: str) -> bool:
    """Tell whether a type is on the list; imports only public modules named here.

    Examples
    --------
    >>> is_allowed_type("sklearn.linear_model._logistic", "LogisticRegression")
    True
    >>> is_allowed_type("posix", "system")
    False
    """
    if f"{module}.{name}" in _PRIVATE:
        return True
    public = ".".join(module.split(".")[:2])
    if name not in _PUBLIC.get(public, "").split():
        return False
    found = getattr(importlib.import_module(public), name, None)
    return getattr(found, "__module__", None) == module
