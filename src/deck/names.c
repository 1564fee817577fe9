#include "heat2d/deck/names.h"

#include <stddef.h>

const char *const heat_side_names[] = {
    [HEAT_LEFT] = "left", [HEAT_RIGHT] = "right", [HEAT_BOTTOM] = "bottom", [HEAT_TOP] = "top", [HEAT_SIDES] = NULL,
};

const char *const heat_side_type_names[] = {
    [HEAT_SIDE_DIRICHLET] = "dirichlet", [HEAT_SIDE_NEUMANN] = "neumann", [HEAT_SIDE_ROBIN] = "robin",
    [HEAT_SIDE_PERIODIC] = "periodic",   [HEAT_SIDE_TYPES] = NULL,
};

const char *const heat_shape_names[] = {
    [HEAT_SHAPE_RECTANGLE] = "rectangle", [HEAT_SHAPE_CIRCLE] = "circle", [HEAT_SHAPE_ELLIPSE] = "ellipse",
    [HEAT_SHAPE_POLYGON] = "polygon",     [HEAT_SHAPE_WHERE] = "where",   [HEAT_SHAPES] = NULL,
};

const char *const heat_mean_names[] = {
    [HEAT_MEAN_HARMONIC] = "harmonic",
    [HEAT_MEAN_ARITHMETIC] = "arithmetic",
    [HEAT_MEANS] = NULL,
};

const char *const heat_method_names[] = {
    [HEAT_METHOD_EULER] = "euler",
    [HEAT_METHOD_RKL2] = "rkl2",
    [HEAT_METHOD_BACKWARD_EULER] = "backward-euler",
    [HEAT_METHOD_CRANK_NICOLSON] = "crank-nicolson",
    [HEAT_METHOD_TR_BDF2] = "tr-bdf2",
    [HEAT_METHOD_STEADY] = "steady",
    [HEAT_METHODS] = NULL,
};

const char *const heat_precision_names[] = {
    [HEAT_PRECISION_FLOAT64] = "float64",
    [HEAT_PRECISION_FLOAT32] = "float32",
    [HEAT_PRECISIONS] = NULL,
};

const char *const heat_transport_names[] = {
    [HEAT_TRANSPORT_AUTO] = "auto",
    [HEAT_TRANSPORT_MPIO] = "mpio",
    [HEAT_TRANSPORT_DIRECT] = "direct",
    [HEAT_TRANSPORTS] = NULL,
};
