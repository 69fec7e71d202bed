//! The exports of a world: typed calls of what a guest implements.

use crate::docs::docs;
use crate::host::{is_resource, method_name};
use crate::names::{Names, camel, snake, unraw};
use crate::overrides::Item;
use crate::shape::{Field, Record, Subject};
use crate::types::{MAX_TUPLE, type_name};
use crate::world::{Generator, Module, ROOT, allow};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Result, parse_quote};
use wit_parser::{Function, FunctionKind, InterfaceId, Type, TypeDefKind, WorldItem};

/// A function that the guest exports, as it is written in Rust.
struct GuestFunc {
    name: String,
    /// The field that keeps it, and the method that calls it.
    field: Ident,
    method: Ident,
    /// A type that stands for its type.
    ty: Ident,
    docs: TokenStream,
    params: Vec<(Ident, TokenStream)>,
    result: Option<TokenStream>,
}

/// A structure of functions, and of other such structures.
struct Exports<'a> {
    name: Ident,
    docs: TokenStream,
    /// The interface that the functions are in.
    module: Option<&'a Module>,
    functions: Vec<GuestFunc>,
    interfaces: Vec<(Ident, &'a Module)>,
    drops: TokenStream,
}

impl Generator<'_> {
    /// The module of an interface that the world exports.
    pub(crate) fn exported_interface(&self, id: InterfaceId) -> Result<TokenStream> {
        let interface = &self.resolve.interfaces[id];
        let module = self.module(id)?;
        let types = interface.types.values().map(|ty| self.definition(*ty));
        let types = types.collect::<Result<TokenStream>>()?;
        if interface.functions.is_empty() {
            return Ok(types);
        }
        let mut names = Names::default();
        let functions = interface.functions.values();
        let functions = functions.map(|f| self.guest_func(Some(module), f, &mut names));
        let functions = functions.collect::<Result<_>>()?;
        let resources = interface.types.values().filter(|ty| is_resource(self.resolve, **ty));
        let resources = resources.filter_map(|ty| self.resolve.types[*ty].name.as_deref());
        let exports = self.exports_struct(&Exports {
            name: format_ident!("Exports"),
            docs: docs(&interface.docs, &format!("What a guest exports as `{}`.", module.name)),
            module: Some(module),
            functions,
            interfaces: Vec::new(),
            drops: resources.map(|name| self.drop_method(name, &mut names)).collect(),
        });
        Ok(quote!(#types #exports))
    }

    /// The structure of all exports of the world; nothing when there are none.
    pub(crate) fn exported_world(&self) -> Result<TokenStream> {
        let mut names = Names::default();
        let mut functions = Vec::new();
        let mut modules = Vec::new();
        for item in self.world.exports.values() {
            match item {
                WorldItem::Function(f) => functions.push(self.guest_func(None, f, &mut names)?),
                WorldItem::Interface { id, .. } => {
                    if !self.resolve.interfaces[*id].functions.is_empty() {
                        modules.push(self.module(*id)?);
                    }
                }
                WorldItem::Type { .. } => {}
            }
        }
        if functions.is_empty() && modules.is_empty() {
            return Ok(TokenStream::new());
        }
        let interfaces = modules.into_iter().map(|module| {
            // The first is `exports`.
            let parts: Vec<_> = module.path.iter().skip(1).map(unraw).collect();
            (names.unique(snake(&parts.join("-"))), module)
        });
        let interfaces = interfaces.collect();
        let text = format!("What a guest of the world `{}` exports.", self.world.name);
        let allow = allow();
        Ok(self.exports_struct(&Exports {
            name: self.world_type(),
            docs: quote!(#[doc = #text] #allow),
            module: None,
            functions,
            interfaces,
            drops: TokenStream::new(),
        }))
    }

    fn exports_struct(&self, exports: &Exports<'_>) -> TokenStream {
        let runtime = self.runtime;
        let Exports { name, docs, module, functions, interfaces, drops } = exports;
        let at = module.map_or(ROOT, |module| &module.path);
        let types = functions.iter().map(|function| self.guest_type(function));
        let fields = functions
            .iter()
            .map(|GuestFunc { field, ty, .. }| quote!(#field: #runtime::ExportedFunc<E, #ty>));
        let finds = functions.iter().map(|GuestFunc { field, name, .. }| {
            let path = module.iter().map(|module| module.name.as_str()).chain([name.as_str()]);
            quote!(#field: instance.exported(&[#(#path),*])?)
        });
        let calls = functions.iter().map(|function| self.call_method(function));
        let inside: Vec<_> = interfaces.iter().map(|(name, _)| name).collect();
        let paths = interfaces.iter().map(|(_, module)| self.path(at, &module.path));
        let paths: Vec<_> = paths.collect();
        let inside_docs =
            interfaces.iter().map(|(_, module)| format!("The functions of `{}`.", module.name));
        quote! {
            #(#types)*

            #docs
            pub struct #name<E: #runtime::Engine> {
                #(#fields,)*
                #(#inside: #paths Exports<E>,)*
            }

            impl<E: #runtime::Engine> #name<E> {
                /// Finds the functions in an instance.
                ///
                /// # Errors
                /// When one is missing or has another type.
                pub fn new<T: Send + 'static>(
                    instance: &mut #runtime::Instance<E, T>,
                ) -> ::core::result::Result<Self, #runtime::Error> {
                    ::core::result::Result::Ok(Self {
                        #(#finds,)*
                        #(#inside: #paths Exports::new(instance)?,)*
                    })
                }

                #(
                    #[doc = #inside_docs]
                    pub fn #inside(&self) -> &#paths Exports<E> {
                        &self.#inside
                    }
                )*

                #(#calls)*
                #drops
            }
        }
    }

    /// Statements that let a linker know the resources that the world exports.
    pub(crate) fn exported_resources(&self) -> Result<TokenStream> {
        let mut statements = TokenStream::new();
        for item in self.world.exports.values() {
            let WorldItem::Interface { id, .. } = item else { continue };
            let module = self.module(*id)?;
            let (path, interface) = (self.path(ROOT, &module.path), &module.name);
            let types = self.resolve.interfaces[*id].types.values();
            for ty in types.filter(|ty| is_resource(self.resolve, **ty)) {
                let Some(name) = &self.resolve.types[*ty].name else { continue };
                let ty = type_name(name);
                statements.extend(quote! {
                    linker.exported_resource::<#path #ty>(&[#interface, #name]);
                });
            }
        }
        Ok(statements)
    }

    /// The name of the structure: the world's, unless one of its types has it.
    fn world_type(&self) -> Ident {
        let mut names = Names::default();
        for item in self.world.imports.values() {
            if let WorldItem::Type { id, .. } = item
                && let Some(name) = &self.resolve.types[*id].name
            {
                names.unique(type_name(name));
            }
        }
        names.unique(type_name(&self.world.name))
    }

    fn guest_func(
        &self,
        module: Option<&Module>,
        function: &Function,
        names: &mut Names,
    ) -> Result<GuestFunc> {
        let at = module.map_or(ROOT, |module| &module.path);
        let interface = module.map(|module| module.name.as_str());
        let item = Item { interface, name: &function.name, separator: '.' };
        if function.kind.is_async() {
            return Err(self.async_function(&item));
        }
        let field = names.unique(snake(&method_name(self.resolve, function)));
        let mut param_names = Names::default();
        param_names.unique(format_ident!("instance"));
        let params = function.params.iter().enumerate().map(|(index, param)| {
            let this = index == 0 && matches!(function.kind, FunctionKind::Method(_));
            let name = if this { "this" } else { &param.name };
            Ok((param_names.unique(snake(name)), self.lent_type(&param.ty, at)?))
        });
        let params = params.collect::<Result<_>>()?;
        let result = function.result.as_ref().map(|ty| self.rust_type(ty, at)).transpose()?;
        Ok(GuestFunc {
            name: function.name.clone(),
            method: format_ident!("call_{}", unraw(&field)),
            ty: format_ident!("__{}", unraw(&camel(&unraw(&field)))),
            field,
            docs: docs(&function.docs, &format!("Calls `{}`.", function.name)),
            params,
            result,
        })
    }

    /// The type of a parameter that the host gives: borrowed where that saves a copy, for `'a`.
    fn lent_type(&self, ty: &Type, at: &[Ident]) -> Result<TokenStream> {
        let id = match ty {
            Type::String => return Ok(quote!(&'a str)),
            Type::Id(id) => *id,
            _ => return self.rust_type(ty, at),
        };
        let contents = self.contents(ty);
        let whole = self.rust_type(ty, at)?;
        let copied = !(contents.heap || contents.foreign);
        Ok(match &self.resolve.types[id].kind {
            // What is handed over is moved.
            _ if contents.own => whole,
            _ if self.foreign(id).is_some() => quote!(&'a #whole),
            TypeDefKind::Type(ty) => self.lent_type(ty, at)?,
            TypeDefKind::List(element) => {
                let element = self.rust_type(element, at)?;
                quote!(&'a [#element])
            }
            TypeDefKind::Option(some) => {
                let some = self.lent_type(some, at)?;
                quote!(::core::option::Option<#some>)
            }
            TypeDefKind::Result(result) => {
                let maybe = |ty: &Option<Type>| match ty {
                    Some(ty) => self.lent_type(ty, at),
                    None => Ok(quote!(())),
                };
                let (ok, err) = (maybe(&result.ok)?, maybe(&result.err)?);
                quote!(::core::result::Result<#ok, #err>)
            }
            TypeDefKind::Tuple(tuple) => {
                let types = tuple.types.iter().map(|ty| self.lent_type(ty, at));
                let types = types.collect::<Result<Vec<_>>>()?;
                quote!((#(#types,)*))
            }
            TypeDefKind::Record(_) | TypeDefKind::Variant(_) if !copied => quote!(&'a #whole),
            _ => whole,
        })
    }

    /// The type that stands for the type of a function.
    fn guest_type(&self, function: &GuestFunc) -> TokenStream {
        let runtime = self.runtime;
        let ty = &function.ty;
        let types: Vec<_> = function.params.iter().map(|(_, ty)| ty).collect();
        let (define, params) = match types.len() > MAX_TUPLE {
            false => (TokenStream::new(), quote!((#(#types,)*))),
            true => {
                let ident = function.params_type();
                (self.guest_params(&ident, function), quote!(#ident<'a>))
            }
        };
        let results = match &function.result {
            Some(result) => quote!((#result,)),
            None => quote!(()),
        };
        quote! {
            #define

            struct #ty;

            impl #runtime::GuestFunction for #ty {
                type Params<'a> = #params;
                type Results = #results;
            }
        }
    }

    /// Parameters that are too many for a tuple.
    fn guest_params(&self, ident: &Ident, function: &GuestFunc) -> TokenStream {
        let idents: Vec<_> = function.params.iter().map(|(ident, _)| ident).collect();
        let types: Vec<_> = function.params.iter().map(|(_, ty)| ty).collect();
        let fields = function.params.iter().map(|(ident, ty)| Field {
            name: ident.to_string(),
            ident: ident.clone(),
            ty: ty.clone(),
        });
        let record = Record { fields: fields.collect() };
        let generics = parse_quote!(<'a>);
        let subject = Subject { runtime: self.runtime, ident, generics: &generics };
        let (component_type, lower) = (subject.component_type(&record), subject.lower(&record));
        quote! {
            struct #ident<'a> {
                #(#idents: #types,)*
                __borrow: ::core::marker::PhantomData<&'a ()>,
            }
            #component_type
            #lower
        }
    }

    /// The method that calls a function.
    fn call_method(&self, function: &GuestFunc) -> TokenStream {
        let runtime = self.runtime;
        let GuestFunc { field, method, docs, params, result, .. } = function;
        let (idents, types): (Vec<_>, Vec<_>) = params.iter().map(|(name, ty)| (name, ty)).unzip();
        let pass = match params.len() > MAX_TUPLE {
            false => quote!((#(#idents,)*)),
            true => {
                let ident = function.params_type();
                quote!(#ident { #(#idents,)* __borrow: ::core::marker::PhantomData })
            }
        };
        let call = quote!(instance.call_exported(&self.#field, #pass));
        let (result, call) = match result {
            Some(result) => (result.clone(), quote!(#call.map(|(result,)| result))),
            None => (quote!(()), call),
        };
        quote! {
            #docs
            ///
            /// # Errors
            /// What stopped the guest.
            pub fn #method<'a, T: Send + 'static>(
                &self,
                instance: &mut #runtime::Instance<E, T>,
                #(#idents: #types,)*
            ) -> ::core::result::Result<#result, #runtime::Stop> {
                #call
            }
        }
    }

    /// The method that drops a resource of the guest's.
    fn drop_method(&self, name: &str, names: &mut Names) -> TokenStream {
        let runtime = self.runtime;
        let method = names.unique(snake(&format!("drop-{name}")));
        let ty = type_name(name);
        let docs = format!("Drops a `{name}`: runs the guest's destructor.");
        quote! {
            #[doc = #docs]
            ///
            /// # Errors
            /// What stopped the guest.
            pub fn #method<T: Send + 'static>(
                &self,
                instance: &mut #runtime::Instance<E, T>,
                this: #runtime::Own<#ty>,
            ) -> ::core::result::Result<(), #runtime::Stop> {
                instance.drop_own(this)
            }
        }
    }
}

impl GuestFunc {
    fn params_type(&self) -> Ident {
        format_ident!("{}Params", self.ty)
    }
}
